import { messageOf } from '../core/fault.js';
import { fail, ok, type Result } from '../core/result.js';

/** Longer than any object that etcd can hold. */
const maxLineCharacters = 16 * 1024 * 1024;

/** Cuts a stream of bytes into JSON values, one a line, whatever the chunks' borders. */
export class JsonLines {
  readonly #decoder = new TextDecoder();
  readonly #inBrief: (line: string) => unknown;
  #rest = '';

  /** @param inBrief what stands for a line, which is not parsed then; `undefined`: the line itself does */
  constructor(inBrief: (line: string) => unknown = () => undefined) {
    this.#inBrief = inBrief;
  }

  /**
   * The values of the lines that this chunk completes. The error says what was wrong with the line, not what
   * it held.
   */
  push(chunk: Uint8Array): Result<readonly unknown[], string> {
    const lines = this.#decoder.decode(chunk, { stream: true }).split('\n');
    const last = lines.pop() ?? '';
    if (lines.length === 0) {
      this.#rest += last;
      if (this.#rest.length > maxLineCharacters)
        return fail(`a line of more than ${maxLineCharacters} characters`);
      return ok([]);
    }
    lines[0] = this.#rest + (lines[0] ?? '');
    this.#rest = last;
    return this.#parseAll(lines);
  }

  /** The value of a last line that no newline ended. */
  end(): Result<readonly unknown[], string> {
    const rest = this.#rest;
    this.#rest = '';
    return this.#parseAll([rest]);
  }

  #parseAll(lines: readonly string[]): Result<readonly unknown[], string> {
    const values: unknown[] = [];
    for (const line of lines) {
      if (line.trim() === '') continue;
      try {
        values.push(this.#inBrief(line) ?? JSON.parse(line));
      } catch (error: unknown) {
        return fail(`a line that is not JSON (${positionOf(messageOf(error))}of ${line.length} characters)`);
      }
    }
    return ok(values);
  }
}

/**
 * A parser's message quotes the text around the fault, and that may be a secret's: only the position is kept.
 */
function positionOf(message: string): string {
  const position = /position (\d+)/.exec(message)?.[1];
  return position === undefined ? '' : `position ${position} `;
}
