import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseDockerignore } from '../../../scripts/image/context.js';
import { parseDockerfile, toPairs, toWords } from '../../../scripts/image/dockerfile.js';
import { projectRoot } from '../../project-root.js';

describe('reading a Dockerfile', () => {
  it('finds stages and instructions, over comments and continued lines', () => {
    const text = `# hello
FROM --platform=$BUILDPLATFORM node:24 AS build
RUN a \\
  # in between
  && b

FROM scratch
CMD ["start"]
`;
    expect(parseDockerfile(text)).to.deep.equal([
      { image: 'node:24', name: 'build', instructions: [{ line: 3, name: 'RUN', rest: 'a && b' }] },
      { image: 'scratch', name: undefined, instructions: [{ line: 8, name: 'CMD', rest: '["start"]' }] },
    ]);
  });

  it('refuses what it does not understand', () => {
    expect(() => parseDockerfile('FROM a\nHEALTHCHECK CMD x')).to.throw('Dockerfile:2: HEALTHCHECK');
    expect(() => parseDockerfile('RUN x')).to.throw('Dockerfile:1: RUN');
    expect(() => parseDockerfile('FROM a\nRUN <<EOF')).to.throw('Dockerfile:2');
    expect(() => toWords({ line: 4, name: 'CMD', rest: 'start' })).to.throw('Dockerfile:4');
  });

  it('reads pairs, quoted or not, and fills arguments in', () => {
    const pairs = toPairs(
      { line: 1, name: 'LABEL', rest: `a="x y's" b=\${V}-$V c=""` },
      new Map([['V', '1']]),
    );
    expect(pairs).to.deep.equal([
      ['a', "x y's"],
      ['b', '1-1'],
      ['c', ''],
    ]);
    expect(() => toPairs({ line: 2, name: 'ENV', rest: 'A=$W' }, new Map())).to.throw('no ARG W');
    expect(() => toPairs({ line: 3, name: 'ENV', rest: 'A b' }, new Map())).to.throw('Dockerfile:3');
  });
});

describe('the .dockerignore', () => {
  it('is read as Docker reads it: the last fitting pattern decides, for folders and all in them', () => {
    const isIgnored = parseDockerignore('# all\n*\n!src\n!a.json\nsrc/*/old\n**/*.log\n');
    const paths = [
      'src/a.ts',
      'src/x/old/a.ts',
      'src/old',
      'src/x/y.log',
      'a.json',
      'b.json',
      'a+json',
      'dist/',
    ];
    expect(paths.filter((path) => !isIgnored(path))).to.deep.equal(['src/a.ts', 'src/old', 'a.json']);
  });

  it('lets through every folder that the program is built from, and no other', () => {
    const isIgnored = parseDockerignore(readFileSync(join(projectRoot, '.dockerignore'), 'utf8'));
    const { include } = JSON.parse(readFileSync(join(projectRoot, 'tsconfig.json'), 'utf8')) as {
      readonly include: readonly string[];
    };
    const rooms = include.filter((path) => !['simulator', 'test', 'bench'].includes(path));
    expect(rooms).to.include.members(['app.ts', 'cmdapi', 'scripts']);
    const needed = [...rooms, 'tsconfig.json', 'package-lock.json', '.npmrc'];
    for (const path of needed) expect(existsSync(join(projectRoot, path)), path).to.equal(true);
    const unneeded = [
      'dist/',
      'node_modules/',
      '.git/',
      'test/a.ts',
      'simulator/a.ts',
      'deploy/secrets/datadog-keys.env',
      'kube/a.log',
    ];
    expect(needed.filter(isIgnored)).to.deep.equal([]);
    expect(unneeded.filter((path) => !isIgnored(path))).to.deep.equal([]);
  });
});
