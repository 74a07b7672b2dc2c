/** Replaces secrets in any text. */
export type Scrub = (text: string) => string;

const patterns: readonly (readonly [RegExp, string])[] = [
  // Datadog API keys (32 hex) and application keys (40 hex): the last five stay, as Datadog's own tools show them.
  [/\b[a-fA-F0-9]{35}([a-fA-F0-9]{5})\b/g, '***********************************$1'],
  [/\b[a-fA-F0-9]{27}([a-fA-F0-9]{5})\b/g, '***************************$1'],
  [/\bddapp_[A-Za-z0-9]{34}\b/g, '********'],
  [/\b(Bearer\s+)[A-Za-z0-9._~+/=-]{8,}/gi, '$1********'],
  [/\b(api_key|application_key|app_key|apikey|password|token)=[^&\s"']+/gi, '$1=********'],
  [/([A-Za-z][A-Za-z0-9+.-]*:\/\/[^\s:@/"]+):[^\s@"]+@/g, '$1:********@'],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g, '[private key removed]'],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g, '********'],
];

/**
 * A scrubber that knows the shapes of keys and tokens, and the very secrets of this process.
 *
 * @param secrets values that must never appear; those under 8 characters are left out, since replacing them would
 *   garble unrelated text
 */
export function createScrub(secrets: readonly (string | undefined)[]): Scrub {
  const known = secrets.filter((secret): secret is string => secret !== undefined && secret.length >= 8);
  const spellings = [
    ...new Set(
      known.flatMap((secret) => [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]),
    ),
    // The longest first: a secret that begins with another one must go whole.
  ].sort((a, b) => b.length - a.length);
  return (text) => {
    let clean = text;
    for (const secret of spellings) clean = clean.replaceAll(secret, '********');
    for (const [pattern, replacement] of patterns) clean = clean.replace(pattern, replacement);
    return clean;
  };
}
