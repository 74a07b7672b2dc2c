import { writeFileSync } from 'node:fs';
import { styleText } from 'node:util';
import { noPaint, type Paint, type Tone } from '../cmdapi/status/layout.js';
import { messageOf } from '../core/fault.js';
import { fail, ok, type Result } from '../core/result.js';

/** How a command shows what it got, by the options of the original agent. */
export interface OutputOptions {
  readonly format: 'text' | 'json' | 'pretty-json';
  /** Where to write; standard output when left out. */
  readonly file: string | undefined;
}

/** A value as JSON, in one line or indented. */
export function jsonText(value: unknown, format: 'json' | 'pretty-json'): string {
  return `${JSON.stringify(value, undefined, format === 'pretty-json' ? 2 : undefined)}\n`;
}

/** To standard output, or into a file that only its owner may read. The error says why it could not be written. */
export function emit(text: string, file: string | undefined): Result<undefined, string> {
  if (file === undefined) {
    process.stdout.write(text);
    return ok(undefined);
  }
  try {
    writeFileSync(file, text, { mode: 0o600 });
    return ok(undefined);
  } catch (error: unknown) {
    return fail(`${file} cannot be written: ${messageOf(error)}`);
  }
}

const styles: Readonly<Record<Exclude<Tone, 'plain'>, 'bold' | 'green' | 'yellow' | 'red'>> = {
  title: 'bold',
  good: 'green',
  doubtful: 'yellow',
  bad: 'red',
};

/** Colours where a person is looking and has not said no to them. */
export function outputPaint(file: string | undefined, wantsColor: boolean): Paint {
  const isTerminal = file === undefined && process.stdout.isTTY === true;
  return paintFor({ isTerminal, wantsColor, noColor: process.env['NO_COLOR'] });
}

/** @param given `noColor`: the variable NO_COLOR, which counts when it is not empty (no-color.org) */
export function paintFor(given: {
  readonly isTerminal: boolean;
  readonly wantsColor: boolean;
  readonly noColor: string | undefined;
}): Paint {
  const { isTerminal, wantsColor, noColor = '' } = given;
  if (!isTerminal || !wantsColor || noColor !== '') return noPaint;
  // Asked of the stream already, which Node would ask again on its own.
  return (tone, text) => (tone === 'plain' ? text : styleText(styles[tone], text, { validateStream: false }));
}
