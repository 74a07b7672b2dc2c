import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { shortestToken } from '../../../config/name-parsers.js';
import { fieldAt, listAt, textAt } from '../../../simulator/cluster/object.js';
import { deployFolder, documentsOf, manifestPaths } from './manifests.js';

const folder = join(deployFolder, 'secrets');

describe('deploy/secrets', () => {
  it('makes the Secrets that the pods read, under fixed names', () => {
    const kustomization = documentsOf('secrets/kustomization.yaml')[0];
    expect(fieldAt(kustomization, 'generatorOptions', 'disableNameSuffixHash')).to.equal(true);
    const made = listAt(kustomization, 'secretGenerator').map((generator) => ({
      name: textAt(generator, 'name'),
      keys: listAt(generator, 'envs').flatMap((file) => Object.keys(example(`${String(file)}.example`))),
    }));
    expect(made).to.deep.equal([
      { name: 'datadog-keys', keys: ['api-key', 'app-key'] },
      { name: 'datadog-auth-token', keys: ['token'] },
    ]);
  });

  it('says that the token is needed, and how long one must be', () => {
    const text = readFileSync(join(folder, 'datadog-auth-token.env.example'), 'utf8');
    expect(text).to.include(`Needed always: ${shortestToken} letters and digits or more`);
  });

  it('ships no value, not even one to be replaced', () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.example'));
    const values = files.flatMap((name) => Object.values(example(name)));
    expect(values).to.deep.equal(['', '', '']);
    const kinds = manifestPaths().filter((path) =>
      documentsOf(path).some((object) => textAt(object, 'kind') === 'Secret'),
    );
    expect(kinds).to.deep.equal([]);
  });

  it('keeps the filled-in files out of git', () => {
    const kept = readFileSync(join(folder, '.gitignore'), 'utf8').split('\n');
    expect(kept).to.include('*.env');
    const generators = listAt(documentsOf('secrets/kustomization.yaml')[0], 'secretGenerator');
    const files = generators.flatMap((generator) => listAt(generator, 'envs').map(String));
    expect(files.filter((file) => !/^[\w-]+\.env$/.test(file))).to.deep.equal([]);
  });
});

function example(name: string): Readonly<Record<string, string>> {
  const lines = readFileSync(join(folder, name), 'utf8').split('\n');
  const pairs = lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split('='));
  return Object.fromEntries(pairs.map(([key = '', ...value]): [string, string] => [key, value.join('=')]));
}
