import { toText, toTextList, valueAt } from './json.js';

/** What `kube-system/extension-apiserver-authentication` says, parsed. */
export interface AuthenticationConfig {
  /** Authorities whose client certificates name users; PEM. */
  readonly clientCaPem: string | undefined;
  /** `undefined`: nobody is believed what they say in headers. */
  readonly requestHeader: RequestHeaderConfig | undefined;
  readonly revision: string;
}

/** Whom we believe to have authenticated a user already, and where the user's name then stands. */
export interface RequestHeaderConfig {
  /** Authorities of the front proxy's certificate; PEM. */
  readonly caPem: string;
  /** Common names that are believed; empty: any that the authority signed. */
  readonly allowedNames: readonly string[];
  /**
   * Lower case, the first one present counts. A list that the ConfigMap does not have is empty, as in
   * Kubernetes.
   */
  readonly usernameHeaders: readonly string[];
  readonly uidHeaders: readonly string[];
  readonly groupHeaders: readonly string[];
  readonly extraHeaderPrefixes: readonly string[];
}

export interface ParsedConfig {
  readonly config: AuthenticationConfig;
  readonly problems: readonly string[];
}

/**
 * Reads the ConfigMap. A malformed field costs only itself; but without a readable list of allowed names no
 * proxy is believed.
 */
export function parseAuthenticationConfig(object: unknown): ParsedConfig {
  const problems: string[] = [];
  const field = (key: string): string | undefined => toText(valueAt(object, 'data', key));
  const list = (key: string): readonly string[] | undefined => {
    const parsed = parseList(field(key));
    if (parsed === undefined) problems.push(`${key}: expected a JSON list of texts that are not empty`);
    return parsed;
  };
  const pem = (key: string): string | undefined => {
    const text = field(key);
    const isPem = text?.includes('-----BEGIN CERTIFICATE-----') ?? true;
    if (!isPem) problems.push(`${key}: expected PEM certificates`);
    return isPem ? text : undefined;
  };
  const headers = (key: string): readonly string[] => (list(key) ?? []).map((header) => header.toLowerCase());

  const clientCaPem = pem('client-ca-file');
  const caPem = pem('requestheader-client-ca-file');
  const allowedNames = list('requestheader-allowed-names');
  const rest = {
    usernameHeaders: headers('requestheader-username-headers'),
    uidHeaders: headers('requestheader-uid-headers'),
    groupHeaders: headers('requestheader-group-headers'),
    extraHeaderPrefixes: headers('requestheader-extra-headers-prefix'),
  };
  // An empty list of names means "any"; a list that cannot be read must not come to mean that.
  const requestHeader =
    caPem === undefined || allowedNames === undefined ? undefined : { caPem, allowedNames, ...rest };
  const revision = toText(valueAt(object, 'metadata', 'resourceVersion')) ?? '';
  return { config: { clientCaPem, requestHeader, revision }, problems };
}

function parseList(text: string | undefined): readonly string[] | undefined {
  if (text === undefined) return [];
  try {
    const items = toTextList(JSON.parse(text) ?? []);
    return items?.every((item) => item.trim() !== '') ? items.map((item) => item.trim()) : undefined;
  } catch {
    // The caller names the field; a parser's words would add nothing.
    return undefined;
  }
}
