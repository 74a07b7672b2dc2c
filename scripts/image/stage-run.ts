import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, statSync } from 'node:fs';
import { basename, join, posix } from 'node:path';
import { type Instruction, type Stage, toPairs, toWords } from './dockerfile.js';

export interface StageInputs {
  /** The folder that stands for the stage's `/`; of the base image it holds nothing. */
  readonly root: string;
  readonly context: string;
  /** The folders of the stages before, by name. */
  readonly stages: ReadonlyMap<string, string>;
  /** As given by `--build-arg`. */
  readonly buildArguments: Readonly<Record<string, string>>;
  /** What RUN gets besides ARG and ENV; without it, RUN is refused: the base has no shell. */
  readonly shellEnvironment?: Readonly<Record<string, string>>;
}

/** What a stage says of the image, besides its files. */
export interface StageResult {
  readonly environment: ReadonlyMap<string, string>;
  readonly labels: ReadonlyMap<string, string>;
  readonly user: string | undefined;
  readonly ports: readonly number[];
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
}

const runTimeoutMs = 300_000;

/** Carries out a stage in a folder of this machine. Throws where a builder would end. */
export function runStage(stage: Stage, inputs: StageInputs): StageResult {
  const environment = new Map<string, string>();
  const labels = new Map<string, string>();
  const values = new Map<string, string>();
  let folder = '/';
  let user: string | undefined;
  let ports: readonly number[] = [];
  let entrypoint: readonly string[] = [];
  let command: readonly string[] = [];
  for (const instruction of stage.instructions) {
    const { name, rest } = instruction;
    if (name === 'WORKDIR') {
      folder = posix.resolve(folder, rest);
      mkdirSync(join(inputs.root, folder), { recursive: true });
    } else if (name === 'COPY') copy(instruction, folder, inputs);
    else if (name === 'RUN')
      run(instruction, { folder, values: new Map([...values, ...environment]) }, inputs);
    else if (name === 'ARG') {
      const [key = '', preset = ''] = rest.split('=', 2);
      values.set(key, inputs.buildArguments[key] ?? preset);
    } else if (name === 'ENV')
      for (const [key, value] of toPairs(instruction, values)) environment.set(key, value);
    else if (name === 'LABEL')
      for (const [key, value] of toPairs(instruction, values)) labels.set(key, value);
    else if (name === 'USER') user = rest;
    else if (name === 'EXPOSE') ports = rest.split(/\s+/).map(Number);
    else if (name === 'ENTRYPOINT') entrypoint = toWords(instruction);
    else command = toWords(instruction);
  }
  return { environment, labels, user, ports, entrypoint, command };
}

function copy({ line, rest }: Instruction, folder: string, inputs: StageInputs): void {
  const words = rest.split(/\s+/);
  const from = /^--from=(.+)$/.exec(words[0] ?? '')?.[1];
  const source = from === undefined ? inputs.context : inputs.stages.get(from);
  const paths = from === undefined ? words : words.slice(1);
  const target = paths.at(-1) ?? '';
  if (source === undefined || paths.length < 2 || paths.some((path) => path.startsWith('--')))
    throw new Error(`Dockerfile:${line}: COPY ${rest} is not understood`);
  const destination = join(inputs.root, posix.resolve(folder, target));
  for (const path of paths.slice(0, -1)) {
    const isFolder = statSync(join(source, path)).isDirectory();
    const isInto = !isFolder && (/(^|\/)\.?$/.test(target) || paths.length > 2);
    cpSync(join(source, path), isInto ? join(destination, basename(path)) : destination, { recursive: true });
  }
}

function run(
  { line, rest }: Instruction,
  at: { readonly folder: string; readonly values: ReadonlyMap<string, string> },
  inputs: StageInputs,
): void {
  if (inputs.shellEnvironment === undefined || rest.startsWith('--'))
    throw new Error(`Dockerfile:${line}: RUN ${rest} cannot be carried out`);
  const { status, stdout, stderr } = spawnSync('sh', ['-c', rest], {
    cwd: join(inputs.root, at.folder),
    env: { ...inputs.shellEnvironment, ...Object.fromEntries(at.values) },
    encoding: 'utf8',
    timeout: runTimeoutMs,
  });
  if (status !== 0)
    throw new Error(`Dockerfile:${line}: RUN ${rest} ended with ${status}\n${stdout}\n${stderr}`);
}
