/** How an answer is written. */
export type Encoding = 'json' | 'yaml' | 'protobuf';

/** One alternative of an `Accept` header; everything in lower case but the parameters' values. */
export interface Clause {
  readonly type: string;
  readonly subtype: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

const subtypes: Readonly<Record<Encoding, string>> = {
  json: 'json',
  yaml: 'yaml',
  protobuf: 'vnd.kubernetes.protobuf',
};

/**
 * The alternatives of an `Accept` header, most wanted first: by quality, then the more definite, then as they came.
 * Those that are unreadable or excluded by `q=0` are left out; no header accepts anything.
 */
export function parseAccept(header: string | undefined): readonly Clause[] {
  const text = header === undefined || header.trim() === '' ? '*/*' : header;
  return text
    .split(',')
    .map(parseClause)
    .filter((clause) => clause !== undefined)
    .filter((clause) => clause.quality > 0)
    .sort((a, b) => b.quality - a.quality || wildcards(a) - wildcards(b));
}

/**
 * The encoding to answer in, or `undefined` when none that is offered is accepted. A clause that wants the object
 * transformed (`as=Table`, as kubectl asks first) is passed over. The first of `offered` answers a wildcard.
 */
export function chooseEncoding(
  clauses: readonly Clause[],
  offered: readonly Encoding[],
): Encoding | undefined {
  for (const clause of clauses) {
    if (clause.parameters.has('as')) continue;
    const encoding = offered.find((candidate) => isServedBy(clause, candidate));
    if (encoding !== undefined) return encoding;
  }
  return undefined;
}

/** Whether a clause means this encoding, by name or by a wildcard. */
export function isServedBy(clause: Clause, encoding: Encoding): boolean {
  if (clause.type !== '*' && clause.type !== 'application') return false;
  return clause.subtype === '*' || (clause.type === 'application' && clause.subtype === subtypes[encoding]);
}

function parseClause(text: string): Clause | undefined {
  const [range = '', ...rest] = text.split(';');
  const [type = '', subtype = ''] = range.trim().toLowerCase().split('/');
  if (type === '' || subtype === '') return undefined;
  const parameters = new Map<string, string>();
  for (const part of rest) {
    const equals = part.indexOf('=');
    if (equals > 0) parameters.set(part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim());
  }
  const quality = Number(parameters.get('q') ?? 1);
  return { type, subtype, parameters, quality: Number.isNaN(quality) ? 1 : quality };
}

function wildcards(clause: Clause): number {
  return clause.type === '*' ? 2 : clause.subtype === '*' ? 1 : 0;
}
