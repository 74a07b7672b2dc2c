/** One instruction, its continuation lines joined. */
export interface Instruction {
  readonly line: number;
  /** In capitals. */
  readonly name: string;
  readonly rest: string;
}

/** From one FROM to the next. */
export interface Stage {
  readonly image: string;
  readonly name: string | undefined;
  readonly instructions: readonly Instruction[];
}

const known = ['WORKDIR', 'COPY', 'RUN', 'ARG', 'ENV', 'LABEL', 'USER', 'EXPOSE', 'ENTRYPOINT', 'CMD'];

/** The stages of a Dockerfile. Throws for whatever it does not know, so that nothing in the file goes unseen. */
export function parseDockerfile(text: string): readonly Stage[] {
  const stages: { image: string; name: string | undefined; instructions: Instruction[] }[] = [];
  for (const instruction of toInstructions(text)) {
    const stage = stages.at(-1);
    if (instruction.name === 'FROM') {
      stages.push({ ...toSource(instruction), instructions: [] });
    } else if (stage === undefined || !known.includes(instruction.name)) {
      throw new Error(`Dockerfile:${instruction.line}: ${instruction.name} is not understood here`);
    } else {
      stage.instructions.push(instruction);
    }
  }
  return stages;
}

/** The words of `["a", "b"]`, the form that starts no shell. Throws for any other. */
export function toWords({ name, line, rest }: Instruction): readonly string[] {
  const parsed: unknown = rest.startsWith('[') ? JSON.parse(rest) : undefined;
  if (!Array.isArray(parsed) || parsed.length === 0)
    throw new Error(`Dockerfile:${line}: expected ${name} ["word", ...], since the image has no shell`);
  return parsed.map(String);
}

/** `key=value` pairs, quoted or not, with `$NAME` replaced by what `values` holds. */
export function toPairs(
  { name, line, rest }: Instruction,
  values: ReadonlyMap<string, string>,
): readonly (readonly [key: string, value: string])[] {
  const pairs = [...rest.matchAll(/([\w.-]+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))(?:\s+|$)/g)];
  if (pairs.map(([whole]) => whole).join('') !== rest)
    throw new Error(`Dockerfile:${line}: expected ${name} key=value ...`);
  return pairs.map(([, key = '', quoted, plain = '']) => [key, fillIn(quoted ?? plain, line, values)]);
}

function fillIn(text: string, line: number, values: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (_whole, braced?: string, bare?: string) => {
    const value = values.get(braced ?? bare ?? '');
    if (value === undefined) throw new Error(`Dockerfile:${line}: there is no ARG ${braced ?? bare}`);
    return value;
  });
}

function toInstructions(text: string): readonly Instruction[] {
  const found: Instruction[] = [];
  let open: { readonly line: number; readonly text: string } | undefined;
  for (const [index, raw] of text.split('\n').entries()) {
    if (/^\s*#/.test(raw) || (open === undefined && raw.trim() === '')) continue;
    const { line, text: before }: { readonly line: number; readonly text: string } = open ?? {
      line: index + 1,
      text: '',
    };
    const isContinued = /\\\s*$/.test(raw);
    const whole = `${before}${raw.replace(/\\\s*$/, '').trim()} `;
    open = isContinued ? { line, text: whole } : undefined;
    if (!isContinued) found.push(toInstruction(whole.trim(), line));
  }
  return found;
}

function toInstruction(text: string, line: number): Instruction {
  const [, name = '', rest = ''] = /^([A-Za-z]+)\s+([\s\S]+)$/.exec(text) ?? [];
  if (name === '' || rest.includes('<<')) throw new Error(`Dockerfile:${line}: '${text}' is not understood`);
  return { line, name: name.toUpperCase(), rest };
}

function toSource({ line, rest }: Instruction): Pick<Stage, 'image' | 'name'> {
  const [, image, name] = /^(?:--platform=\S+\s+)?([^\s-]\S*)(?:\s+as\s+(\S+))?$/i.exec(rest) ?? [];
  if (image === undefined) throw new Error(`Dockerfile:${line}: FROM ${rest} is not understood`);
  return { image, name };
}
