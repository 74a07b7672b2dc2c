import { expect } from 'chai';
import { readSettingsFile } from '../../../config/file.js';
import { texts } from './scene.js';

function read(text: string) {
  const { values, problems } = readSettingsFile({ path: 'a.yaml', text });
  return { values: Object.fromEntries(values), problems: texts(problems) };
}

describe('a settings file', () => {
  it('gives the values of nested keys with their lines', () => {
    expect(read('# comment\nsite: datadoghq.eu\n\nexternal_metrics_provider:\n  port: 8443\n')).to.deep.equal(
      {
        values: {
          site: { shape: 'scalar', text: 'datadoghq.eu', line: 2 },
          'external_metrics_provider.port': { shape: 'scalar', text: '8443', line: 5 },
        },
        problems: [],
      },
    );
  });

  it('gives scalars as they are written', () => {
    const { values } = read('api_key: 0123\napp_key: 1e3\nleader_election: Yes\nhealth_port: "7"\n');
    expect(Object.values(values).map(({ text }) => text)).to.deep.equal(['0123', '1e3', 'Yes', '7']);
  });

  it('follows anchors and survives one that holds itself', () => {
    expect(read('site: &s datadoghq.eu\nhostname: *s\n').values['hostname']?.text).to.equal('datadoghq.eu');
    expect(read('proxy: &p\n  http: *p\n').values['proxy.http']?.shape).to.equal('mapping');
  });

  it('may be empty, or hold only comments', () => {
    for (const text of ['', '\n', '# nothing\n', '---\n', 'null'])
      expect(read(text)).to.deep.equal({ values: {}, problems: [] });
  });

  it('names each place that is not YAML', () => {
    expect(read('site: a\nsite: b\nproxy:\n\thttp: x\n').problems).to.deep.equal([
      'error: settings file (a.yaml line 2): not valid YAML (duplicate key)',
      'error: settings file (a.yaml line 4): not valid YAML (tab as indent)',
    ]);
  });

  it('names aliases without an anchor', () => {
    expect(read('site: a\nhostname: *nowhere\n').problems).to.deep.equal([
      'error: settings file (a.yaml line 2): not valid YAML (bad alias)',
    ]);
  });

  it('must be a mapping', () => {
    for (const text of ['- a\n', 'just a text', '42']) {
      expect(read(text).problems).to.deep.equal([
        'error: settings file (a.yaml line 1): expected a mapping of settings to values',
      ]);
    }
    expect(read('site: a\nproxy: http://p\n').problems).to.deep.equal([
      'error: proxy (a.yaml line 2): expected a mapping of settings to values',
    ]);
  });

  it('has warnings for unknown keys, once for all that stands under them', () => {
    expect(read('logs_config:\n  a: 1\n  b: 2\n? [x]\n: 1\n').problems).to.deep.equal([
      'warning: logs_config (a.yaml line 1): not a setting of this program, ignored',
      'warning: a key of 1 characters (a.yaml line 4): not a setting of this program, ignored',
    ]);
  });
});
