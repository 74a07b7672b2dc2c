import { hideNamedValues } from './scrub-named.js';

/** Replaces secrets in any text. */
export type Scrub = (text: string) => string;

const hidden = '********';
const keyRemoved = '[private key removed]';

/** Secrets that are known by their shape, wherever they stand. */
const patterns: readonly (readonly [RegExp, string])[] = [
  // Datadog API keys (32 hex) and application keys (40 hex): the last five stay, as Datadog's own tools show them.
  [/\b[a-fA-F0-9]{35}([a-fA-F0-9]{5})\b/g, '***********************************$1'],
  [/\b[a-fA-F0-9]{27}([a-fA-F0-9]{5})\b/g, '***************************$1'],
  [/\bddapp_[A-Za-z0-9]{16,}/g, hidden],
  [/\bDDRCM_[A-Za-z0-9_-]{16,}/g, hidden],
  [/\b(Bearer\s+)[A-Za-z0-9._~+/=-]{8,}/gi, `$1${hidden}`],
  [/\b(authorization\\*["']?\s*[:=]\s*\\*["']?Basic\s+)[A-Za-z0-9+/=_-]+/gi, `$1${hidden}`],
  [/\b(dd-(?:api|application)-key\\*["']?\s*[:=]\s*\\*["']?)[^\s"'\\,}]+/gi, `$1${hidden}`],
  [
    /\b(api_key|application_key|app_key|apikey|appkey|password|passwd|pwd|token|access_token|client_secret)=[^&\s"']+/gi,
    `$1=${hidden}`,
  ],
  // To the last @ before the path: a password may hold one.
  [/([A-Za-z][A-Za-z0-9+.-]{0,30}:\/\/[^\s:@/"]{0,256}):[^\s"/]{1,256}@/g, `$1:${hidden}@`],
  [/([A-Za-z][A-Za-z0-9+.-]{0,30}:\/\/[^\s:@/"]{0,256}):[^\s@"]{1,256}@/g, `$1:${hidden}@`],
  // A text that was cut may have lost the end of a key.
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, keyRemoved],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g, hidden],
];
/** PEM in base64, as Secrets hold it. */
const encodedPem = /LS0tLS1CRUdJTi[A-Za-z0-9+/=]{16,}/g;

/**
 * @param secrets those of this process; each is hidden in every spelling that JSON, URLs and base64 give it. What is shorter
 * than eight characters cannot be told from ordinary text, and is left alone.
 */
export function createScrub(secrets: readonly (string | undefined)[]): Scrub {
  const known = secrets.filter((secret): secret is string => secret !== undefined && secret.length >= 8);
  const spellings = [
    ...new Set(known.flatMap(spellingsOf)),
    // The longest first: a secret that begins with another one must go whole.
  ].sort((a, b) => b.length - a.length);
  return (text) => {
    let clean = text;
    for (const secret of spellings) clean = clean.replaceAll(secret, hidden);
    clean = clean.replace(encodedPem, (encoded) =>
      Buffer.from(encoded, 'base64').includes('PRIVATE KEY') ? keyRemoved : encoded,
    );
    for (const [pattern, replacement] of patterns) clean = clean.replace(pattern, replacement);
    return clean;
  };
}

/**
 * The same for whole files that leave the cluster, where a value also goes by its name: whatever YAML, JSON or an assignment
 * calls a password, token or secret. Not for the log: there `secret` is the name of an object of Kubernetes.
 */
export function createDocumentScrub(secrets: readonly (string | undefined)[]): Scrub {
  const scrub = createScrub(secrets);
  return (text) => hideNamedValues(scrub(text), hidden);
}

function spellingsOf(secret: string): readonly string[] {
  const encoded = Buffer.from(secret).toString('base64').replace(/=+$/, '');
  return [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), encoded];
}
