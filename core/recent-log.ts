/** A warning or an error that the log has told, as it stands there: without secrets. */
export interface RecentLine {
  /** RFC 3339. */
  readonly time: string;
  readonly level: 'warn' | 'error' | 'fatal';
  readonly message: string;
  /** What stood beside the message, as JSON; cut where it is long. */
  readonly fields: string;
}

const longestMessage = 500;
const longestFields = 1_000;
/** Every line passes here: only those that begin like this are read. */
const worthReading = /^\{"level":"(?:warn|error|fatal)"/;

/** The last warnings and errors of the log, in memory, for whoever asks how this replica has been. Feed it what was scrubbed. */
export class RecentLog {
  readonly #max: number;
  #lines: readonly RecentLine[] = [];

  /** @param options `max`: how many are kept; default 20 */
  constructor(options: { readonly max?: number } = {}) {
    this.#max = options.max ?? 20;
  }

  /** Takes a line of the log; one that is no warning, no error, or not a line of ours is passed over. */
  write(line: string): void {
    if (!worthReading.test(line)) return;
    const read = parse(line);
    if (read !== undefined) this.#lines = [...this.#lines, read].slice(-this.#max);
  }

  /** The oldest first. */
  list(): readonly RecentLine[] {
    return this.#lines;
  }
}

function parse(line: string): RecentLine | undefined {
  let parsed: Readonly<Record<string, unknown>>;
  try {
    parsed = JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    // Scrubbing may have cut a quote away; the log itself still has the line.
    return undefined;
  }
  const { level, time, msg, ...fields } = parsed;
  if (level !== 'warn' && level !== 'error' && level !== 'fatal') return undefined;
  return {
    time: String(time),
    level,
    message: cut(String(msg), longestMessage),
    fields: Object.keys(fields).length === 0 ? '' : cut(JSON.stringify(fields), longestFields),
  };
}

function cut(text: string, longest: number): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
