/** Reads the text of a setting, whatever source it came from. Surrounding white space is already gone. */
export interface Parser<T> {
  /** What is accepted; stands after "expected" in problems and in the documentation. */
  readonly expected: string;
  /** The unit in which values are kept and printed. */
  readonly unit?: 's';
  /** A YAML sequence of scalars is accepted as well as one text. */
  readonly isList?: true;
  /** `undefined` means that the text is not acceptable. */
  readonly parse: (text: string) => T | undefined;
}

const booleans: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['yes', true],
  ['false', false],
  ['0', false],
  ['no', false],
]);

/** `true`, `1`, `yes` and their opposites, in any case. */
export const booleanParser: Parser<boolean> = {
  expected: 'true or false (also 1/0, yes/no)',
  parse: (text) => booleans.get(text.toLowerCase()),
};

/** Decimal digits only: no sign, no exponent. */
export function wholeNumberParser(lowest: number, highest: number): Parser<number> {
  return {
    expected: `a whole number from ${lowest} to ${highest}`,
    parse: (text) => (/^\d{1,15}$/.test(text) ? within(Number(text), lowest, highest) : undefined),
  };
}

/** A TCP port; 0 lets the system choose, which only tests want. */
export const portParser: Parser<number> = {
  ...wholeNumberParser(0, 65_535),
  expected: 'a port from 0 to 65535 (0: any free port)',
};

/** A port that may be left out. */
export const optionalPortParser: Parser<number> = {
  expected: 'a port from 0 to 65535 (0: any free port), or -1 for none',
  parse: (text) => (text === '-1' ? -1 : portParser.parse(text)),
};

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Bounds of a duration, in seconds. `isWhole` where the wire knows whole seconds only. */
export interface DurationBounds {
  readonly lowestSeconds: number;
  readonly highestSeconds: number;
  readonly isWhole?: true;
}

/** Seconds, as a plain number or in Go's notation: `90`, `0.5`, `90s`, `1m30s`, `250ms`. */
export function durationParser(bounds: DurationBounds): Parser<number> {
  const { lowestSeconds, highestSeconds, isWhole } = bounds;
  const kind = isWhole === true ? 'whole seconds' : 'a duration';
  return {
    expected: `${kind} from ${lowestSeconds} s to ${highestSeconds} s, such as 90, 90s or 5m`,
    unit: 's',
    parse: (text) => {
      const seconds = parseSeconds(text);
      if (seconds === undefined || (isWhole === true && !Number.isInteger(seconds))) return undefined;
      return within(seconds, lowestSeconds, highestSeconds);
    },
  };
}

function parseSeconds(text: string): number | undefined {
  if (/^\d{1,9}(\.\d{1,9})?$/.test(text)) return Number(text);
  if (text.length > 40 || !/^(\d{1,9}(\.\d{1,9})?(ms|s|m|h))+$/.test(text)) return undefined;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(/([\d.]+)(ms|s|m|h)/g)) {
    totalMs += Number(amount) * (unitMs[unit ?? ''] ?? Number.NaN);
  }
  return totalMs / 1_000;
}

function within(value: number, lowest: number, highest: number): number | undefined {
  return value >= lowest && value <= highest ? value : undefined;
}

/** One of some words, in any case; `aliases` are further spellings. */
export function oneOfParser<T extends string>(
  words: readonly T[],
  aliases: Readonly<Record<string, T>> = {},
): Parser<T> {
  const spellings = new Map<string, T>([
    ...words.map((word): [string, T] => [word, word]),
    ...Object.entries<T>(aliases),
  ]);
  return {
    expected: `one of ${words.join(', ')}`,
    parse: (text) => spellings.get(text.toLowerCase()),
  };
}

/** Words between spaces or commas; a YAML sequence does as well. */
export const wordsParser: Parser<readonly string[]> = {
  expected: 'a list, separated by spaces or commas',
  isList: true,
  parse: (text) => text.split(/[\s,]+/).filter((word) => word !== ''),
};
