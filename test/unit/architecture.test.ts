import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';
import { expect } from 'chai';
import { projectRoot } from '../project-root.js';

/** Folders that somebody decided on; a new one needs a decision, and a line in `docs/tour.md`. */
const decidedFolders = [
  'apiserver',
  'bench',
  'certs',
  'cli',
  'cmdapi',
  'config',
  'controlplane',
  'core',
  'dashboard',
  'datadog',
  'deploy',
  'docs',
  'events',
  'explain',
  'http',
  'kube',
  'leader',
  'metadata',
  'metricsstore',
  'provider',
  'scripts',
  'simulator',
  'test',
  'wiring',
];
/** What tools leave behind; nothing of it is kept. */
const leftovers = ['node_modules', 'dist', 'coverage'];

/** Rooms by tier; a room imports from itself and from lower tiers only. */
const tiers: Readonly<Record<string, number>> = {
  core: 0,
  config: 1,
  http: 1,
  apiserver: 2,
  certs: 2,
  datadog: 2,
  kube: 2,
  cmdapi: 2,
  controlplane: 2,
  dashboard: 2,
  events: 2,
  explain: 2,
  leader: 2,
  metadata: 2,
  metricsstore: 2,
  provider: 2,
  wiring: 3,
  'app.ts': 4,
  cli: 5,
};
/** Beside the product: they may know all of it, and the product knows none of them. */
const beside = ['simulator', 'scripts', 'test', 'bench'];

/** The one room that may import each foreign library. */
const doors: readonly (readonly [RegExp, string])[] = [
  [/^@kubernetes\/client-node/, 'kube'],
  [/^@datadog\//, 'datadog'],
  [/^node-forge/, 'certs'],
];

interface Import {
  readonly from: string;
  readonly line: number;
}

interface SourceFile {
  /** From the root, with slashes. */
  readonly path: string;
  readonly room: string;
  /** With comments, texts and patterns blanked out, line by line as in the file. */
  readonly code: string;
  readonly lines: number;
  readonly imports: readonly Import[];
}

/** A comment, a text, or a pattern where a value may begin; each from its first character on. */
const opaque = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/y;
const pattern = /\/(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[dgimsuvy]*/y;
const beforePattern = /(?:^|[=(,:[!&|?{};>\n]|\b(?:return|typeof|case))\s*$/;
const templateText = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y;

describe('the source', () => {
  const files = readSources();
  const product = files.filter(({ room }) => Object.hasOwn(tiers, room));
  const places = new Set(files.map(({ path }) => path));

  it('is found', () => {
    expect(product.length).to.be.above(50);
    expect(product.flatMap(({ imports }) => imports).length).to.be.above(200);
  });

  it('lies in folders that somebody decided on', () => {
    const folders = readdirSync(projectRoot, { withFileTypes: true })
      .filter(
        (entry) => entry.isDirectory() && !entry.name.startsWith('.') && !leftovers.includes(entry.name),
      )
      .map(({ name }) => name);
    expect(folders.filter((name) => !decidedFolders.includes(name))).to.deep.equal([]);
  });

  it('has every file in a room, a script, a test or beside the product', () => {
    expect(
      violations(files, ({ room, path }) => !Object.hasOwn(tiers, room) && !beside.includes(room) && [path]),
    ).to.deep.equal([]);
  });

  it('imports files that exist, by their compiled names', () => {
    const wrong = files.flatMap((file) =>
      file.imports
        .filter(({ from }) => from.startsWith('.'))
        .filter(({ from }) => !from.endsWith('.js') || !places.has(targetOf(file, from)))
        .map(({ from, line }) => `${file.path}:${line} ${from}`),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('imports downwards only, and never sideways', () => {
    const wrong = product.flatMap((file) =>
      file.imports
        .filter(({ from }) => from.startsWith('.'))
        .map(({ from, line }) => ({ line, room: roomOf(targetOf(file, from)) }))
        .filter(({ room }) => room !== file.room && (tiers[room] ?? 99) >= (tiers[file.room] ?? -1))
        .map(({ line, room }) => `${file.path}:${line} imports ${room}`),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('knows several rooms of tier 2 in wiring/, app.ts, cli/ and beside the product only', () => {
    const wrong = product
      .filter(({ room }) => room !== 'wiring' && room !== 'app.ts' && room !== 'cli')
      .map((file) => ({
        path: file.path,
        rooms: new Set(
          file.imports
            .filter(({ from }) => from.startsWith('.'))
            .map(({ from }) => roomOf(targetOf(file, from))),
        ),
      }))
      .filter(({ rooms }) => [...rooms].filter((room) => tiers[room] === 2).length > 1)
      .map(({ path, rooms }) => `${path} knows ${[...rooms].join(', ')}`);
    expect(wrong).to.deep.equal([]);
  });

  it('imports each foreign library at its one door', () => {
    const wrong = files.flatMap((file) =>
      file.imports
        .filter(({ from }) =>
          doors.some(([library, room]) => library.test(from) && file.room !== room && !isTestOf(file, room)),
        )
        .map(({ from, line }) => `${file.path}:${line} ${from}`),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('names every library that it imports in package.json: the product its dependencies, nothing else by chance', () => {
    const manifest = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as Record<
      string,
      Record<string, string> | undefined
    >;
    const known = (isProduct: boolean): Set<string> =>
      new Set([
        ...Object.keys(manifest['dependencies'] ?? {}),
        ...(isProduct ? [] : Object.keys(manifest['devDependencies'] ?? {})),
      ]);
    const wrong = files.flatMap((file) =>
      file.imports
        .filter(({ from }) => !from.startsWith('.') && !from.startsWith('node:'))
        .filter(({ from }) => !known(Object.hasOwn(tiers, file.room)).has(packageOf(from)))
        .map(({ from, line }) => `${file.path}:${line} ${from}`),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('has no cycle of imports', () => {
    const graph = new Map(
      files.map((file) => [
        file.path,
        file.imports.filter(({ from }) => from.startsWith('.')).map(({ from }) => targetOf(file, from)),
      ]),
    );
    expect(cycleIn(graph)).to.deep.equal([]);
  });

  const forbidden: readonly (readonly [string, RegExp, (file: SourceFile) => boolean])[] = [
    ['has no default export', /\bexport\s+default\b|\bas\s+default\b/, () => true],
    ['has no enum', /\benum\s+[A-Za-z_$]/, () => true],
    [
      'has no namespace of its own',
      /^\s*(export\s+)?(declare\s+)?(namespace|module)\s+[A-Za-z_$][\w$.]*\s*\{/,
      () => true,
    ],
    ['has no any', /[:<|&,([]\s*any\b(?!\s*[:(=])|\bas\s+any\b/, () => true],
    ['re-exports no whole file', /\bexport\s+\*/, () => true],
    [
      'reads the clock in core/clock.ts only',
      clock(),
      (file) => (isProduct(file) || file.room === 'simulator') && file.path !== 'core/clock.ts',
    ],
    [
      'reads the environment in cli/ only',
      /\bprocess\.env\b|\bprocess\[/,
      (file) => isProduct(file) && file.room !== 'cli',
    ],
    [
      'reads the arguments and ends the process in cli/ only',
      /\bprocess\.(exit|argv|on|once|kill|abort)\b/,
      (file) => isProduct(file) && file.room !== 'cli',
    ],
    [
      'writes to the console in cli/ only',
      /\bconsole\s*[.[]/,
      (file) => isProduct(file) && file.room !== 'cli',
    ],
    ['rolls no dice but in wiring/', /\bMath\.random\b/, (file) => isProduct(file) && file.room !== 'wiring'],
    ['leaves no note of unfinished work', /\b(TODO|FIXME|XXX|HACK)\b/, () => true],
    ['turns no check off', /@ts-(ignore|nocheck|expect-error)/, () => true],
  ];
  for (const [title, pattern, applies] of forbidden) {
    it(title, () => {
      const wrong = files.filter(applies).flatMap((file) => linesWith(file, pattern));
      expect(wrong).to.deep.equal([]);
    });
  }

  it('has no product file over 400 lines', () => {
    expect(violations(product, ({ path, lines }) => lines > 400 && [`${path}: ${lines}`])).to.deep.equal([]);
  });

  it('has no file named after nothing in particular', () => {
    const vague = /^(utils?|helpers?|types?|common|managers?|misc|shared|index)\.ts$/;
    expect(violations(files, ({ path }) => vague.test(path.split('/').at(-1) ?? '') && [path])).to.deep.equal(
      [],
    );
  });

  it('names its files in kebab-case', () => {
    const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.selftest)?\.ts$/;
    expect(
      violations(files, ({ path }) => !kebab.test(path.split('/').at(-1) ?? '') && [path]),
    ).to.deep.equal([]);
  });

  it('blanks out comments, texts and patterns before it is searched, and nothing else', () => {
    const source = [
      'const a = "Date.now()"; // console.log',
      "const b = 'it\\'s enum X'; /* process.env",
      `still a comment */ const c = \`any \${Date.now()} enum\`;`,
      'const d = /[/\'"]enum X/.test(e) ? 1 / 2 : 3 / 4; setTimeout(f);',
    ].join('\n');
    const lines = blank(source).split('\n');
    expect(lines).to.have.length(4);
    expect(lines[0]).to.match(/^const a = +; +$/);
    expect(lines[1]).to.match(/^const b = +; +$/);
    expect(lines[2]).to.contain('Date.now()').and.not.contain('any').and.not.contain('enum');
    expect(lines[3]).to.contain('1 / 2 : 3 / 4; setTimeout(f);').and.not.contain('enum');
  });

  it('is searched for what breaks the law, and the search can fail', () => {
    const sample =
      'import x from "../kube/client.js";\nexport default x;\nsetTimeout(() => Date.now(), performance.now());\nconst t = new Date();';
    expect(importsOf(sample)).to.deep.equal([{ from: '../kube/client.js', line: 1 }]);
    expect(
      importsOf('export { a,\n b } from "./b.js";\nconst c = await import("./c.js");\nimport "./d.js";').map(
        ({ from }) => from,
      ),
    ).to.deep.equal(['./b.js', './c.js', './d.js']);
    const file = { path: 'x.ts', room: 'provider', code: blank(sample), lines: 4, imports: [] };
    expect(linesWith(file, /\bexport\s+default\b/)).to.have.length(1);
    expect(linesWith(file, clock())).to.deep.equal([
      'x.ts:3 setTimeout(() => Date.now(), performance.now());',
      'x.ts:4 const t = new Date();',
    ]);
    expect(
      linesWith({ ...file, code: blank('const t = new Date(5); await clock.sleep(5);') }, clock()),
    ).to.deep.equal([]);
    expect(
      cycleIn(
        new Map([
          ['a', ['b']],
          ['b', ['c']],
          ['c', ['a']],
          ['d', ['a']],
        ]),
      ),
    ).to.deep.equal(['a', 'b', 'c', 'a']);
  });
});

function clock(): RegExp {
  return /\bDate\.now\b|\bnew\s+Date\s*(\(\s*\)|(?!\s*\()\b)|(?<![.\w]new\s)\bDate\(\)|(?<!\.)\b(?:setTimeout|setInterval)\b|\bperformance\.now\b|\bhrtime\b|\bAbortSignal\.timeout\b/;
}

function isProduct({ room }: SourceFile): boolean {
  return Object.hasOwn(tiers, room);
}

/** Tests of a door may hold what the door hands out. */
function isTestOf({ path }: SourceFile, room: string): boolean {
  return path.startsWith(`test/unit/${room}/`) || path.startsWith(`test/integration/${room}-`);
}

function violations(
  files: readonly SourceFile[],
  find: (file: SourceFile) => readonly string[] | false,
): string[] {
  return files.flatMap((file) => find(file) || []);
}

function readSources(): SourceFile[] {
  const own = readdirSync(projectRoot, { withFileTypes: true });
  const folders = own
    .filter((entry) => entry.isDirectory() && decidedFolders.includes(entry.name))
    .map(({ name }) => name);
  const inFolders = folders.flatMap((folder) =>
    readdirSync(join(projectRoot, folder), { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  const atRoot = own.filter((entry) => entry.isFile()).map(({ name }) => join(projectRoot, name));
  return [...atRoot, ...inFolders]
    .filter((path) => path.endsWith('.ts') && !path.includes(`${sep}node_modules${sep}`))
    .map((path) => readSource(path))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

function readSource(absolute: string): SourceFile {
  const source = readFileSync(absolute, 'utf8');
  const path = relative(projectRoot, absolute).split(sep).join('/');
  return {
    path,
    room: roomOf(path),
    code: blank(source),
    lines: source.split('\n').length - 1,
    imports: importsOf(source),
  };
}

function roomOf(path: string): string {
  return path.split('/')[0] ?? '';
}

function targetOf(file: SourceFile, from: string): string {
  return normalize(join(dirname(file.path), from))
    .split(sep)
    .join('/')
    .replace(/\.js$/, '.ts');
}

function packageOf(from: string): string {
  return from
    .split('/')
    .slice(0, from.startsWith('@') ? 2 : 1)
    .join('/');
}

function linesWith(file: SourceFile, pattern: RegExp): string[] {
  return file.code
    .split('\n')
    .flatMap((line, index) => (pattern.test(line) ? [`${file.path}:${index + 1} ${line.trim()}`] : []));
}

/** Static and dynamic imports and re-exports; blanked code has the same places as the source, so texts can be looked up. */
function importsOf(source: string): Import[] {
  return [...blank(source).matchAll(/\bimport\s*\(|\bimport\b|\bfrom\b/g)].flatMap((match) => {
    const at = match.index + match[0].length;
    const from = /^\s*(['"])([^'"\n]+)\1/.exec(source.slice(at, at + 500))?.[2];
    return from === undefined ? [] : [{ from, line: source.slice(0, at).split('\n').length }];
  });
}

/** The code with comments, texts and patterns replaced by blanks of the same length; the holes of templates stay. */
function blank(source: string): string {
  const holes: number[] = [];
  let out = '';
  let depth = 0;
  const take = (expression: RegExp): string | undefined => {
    expression.lastIndex = out.length;
    return expression.exec(source)?.[0];
  };
  const template = (): void => {
    const text = take(templateText) ?? source.slice(out.length);
    out += spaces(text);
    if (!text.endsWith('${')) return;
    holes.push(depth);
    depth = 0;
  };
  while (out.length < source.length) {
    const character = source.charAt(out.length);
    const hidden =
      take(opaque) ?? (character === '/' && beforePattern.test(out.slice(-40)) ? take(pattern) : undefined);
    if (hidden !== undefined) {
      out += spaces(hidden);
      continue;
    }
    const isEndOfHole = character === '}' && depth === 0 && holes.length > 0;
    out += character === '`' || isEndOfHole ? ' ' : character;
    if (isEndOfHole) depth = holes.pop() ?? 0;
    else if (character === '{') depth += 1;
    else if (character === '}') depth -= 1;
    if (character === '`' || isEndOfHole) template();
  }
  return out;
}

function spaces(text: string): string {
  return text.replaceAll(/[^\n]/g, ' ');
}

/** The files of one cycle, the first again at its end; nothing when there is none. */
function cycleIn(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const visit = (node: string, path: readonly string[]): string[] => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node];
    if (done.has(node)) return [];
    for (const next of graph.get(node) ?? []) {
      const cycle = visit(next, [...path, node]);
      if (cycle.length > 0) return cycle;
    }
    done.add(node);
    return [];
  };
  for (const node of graph.keys()) {
    const cycle = visit(node, []);
    if (cycle.length > 0) return cycle;
  }
  return [];
}
