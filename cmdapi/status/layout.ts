/** How a line looks where there are colours. */
export type Tone = 'plain' | 'title' | 'good' | 'doubtful' | 'bad';

export interface Line {
  readonly text: string;
  readonly tone: Tone;
}

/** Puts a tone on a text; without colours it gives the text back. */
export type Paint = (tone: Tone, text: string) => string;

export const noPaint: Paint = (_tone, text) => text;

/** Lines are no longer. */
export const columns = 100;

/** Within a section, `depth` steps to the right. A continued line is indented by one step more. */
export function line(depth: number, text: string, tone: Tone = 'plain'): Line {
  return { text: `${step.repeat(depth)}${text}`, tone };
}

/** `name: value`; an absent value leaves the line out. */
export function field(
  depth: number,
  name: string,
  value: string | number | null | undefined,
  tone: Tone = 'plain',
): readonly Line[] {
  return value === null || value === undefined ? [] : [line(depth, `${name}: ${value}`, tone)];
}

/** A heading within a text, underlined. */
export function heading(depth: number, text: string, rule: '=' | '-'): readonly Line[] {
  return [line(depth, text, 'title'), line(depth, rule.repeat(text.length), 'title')];
}

/** The text's own heading, boxed. */
export function boxed(text: string): readonly Line[] {
  const rule = '='.repeat(text.length);
  return [line(0, rule, 'title'), line(0, text, 'title'), line(0, rule, 'title')];
}

/**
 * Lines as text, none wider than 100 columns. What came from elsewhere may hold control characters, which must never
 * reach a terminal.
 */
export function toText(lines: readonly Line[], paint: Paint): string {
  const printed = lines.flatMap(({ text, tone }) =>
    wrap(text.replaceAll(control, ' ')).map((row) => (row === '' ? '' : paint(tone, row))),
  );
  return `${printed.join('\n').trimEnd()}\n`;
}

const step = '  ';
/** A text that begins with blanks must not push its own continuation out of the line. */
const deepest = 20;
const control = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** At spaces where there are any, else within a word. */
function wrap(text: string): readonly string[] {
  const indent = `${(/^ */.exec(text)?.[0] ?? '').slice(0, deepest)}${step}`;
  const rows: string[] = [];
  let rest = text.trimEnd();
  while (rest.length > columns) {
    const space = rest.lastIndexOf(' ', columns);
    const isUsable = rest.slice(0, space).trim() !== '' && space > columns / 2;
    const at = isUsable ? space : columns;
    rows.push(rest.slice(0, at).trimEnd());
    rest = `${indent}${rest.slice(at).trimStart()}`;
  }
  return [...rows, rest];
}
