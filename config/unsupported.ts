/** A setting of the original that this program knows and does not follow. */
export interface UnsupportedSetting {
  readonly environment: string;
  readonly yaml: string;
  /** Why, and what to do instead. */
  readonly message: string;
}

/** Settings whose wish is refused, with a warning, when they are switched on. */
export const unsupportedSettings: readonly UnsupportedSetting[] = [
  {
    environment: 'DD_SKIP_SSL_VALIDATION',
    yaml: 'skip_ssl_validation',
    message:
      'not supported: certificates are always verified; to trust a CA of your own, name its file in NODE_EXTRA_CA_CERTS',
  },
];
