import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { projectRoot } from '../project-root.js';
import { bundlePath, runBundle, startBundle } from './cli-bundle.js';

const apiKey = '0123456789abcdef0123456789abcdef';

describe('the bundled program', () => {
  let folder = '';

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'cli-'));
  });

  after(() => {
    rmSync(folder, { recursive: true });
  });

  it('is one executable file with the licences beside it', () => {
    const output = execFileSync(bundlePath, ['version'], { encoding: 'utf8' });
    expect(output).to.match(/^Cluster agent /);
    const notices = readFileSync(join(dirname(bundlePath), 'THIRD-PARTY-NOTICES.txt'), 'utf8');
    for (const name of [
      'commander',
      'yaml',
      'pino',
      'undici',
      '@kubernetes/client-node',
      '@datadog/datadog-api-client',
    ]) {
      expect(notices).to.match(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\("`, 'm'));
    }
  });

  it('prints its version, and nothing else', async () => {
    const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
    const { code, stdout, stderr } = await runBundle(['version']);
    expect(stdout).to.match(/^Cluster agent \S+ - Commit: '([0-9a-f]{12}|unknown)' - Node v\d+\.\d+\.\d+\n$/);
    expect(stdout.split(' ')[2]).to.equal(version);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
  });

  it('refuses unknown commands and options', async () => {
    const command = await runBundle(['frobnicate']);
    expect(command.code).to.equal(1);
    expect(command.stderr).to.include("unknown command 'frobnicate'");
    const option = await runBundle(['start', '--frobnicate']);
    expect(option.code).to.equal(1);
    expect(option.stderr).to.include("unknown option '--frobnicate'");
  });

  it('explains itself when nothing is asked of it', async () => {
    const { code, stderr } = await runBundle([]);
    expect(code).to.equal(1);
    for (const command of ['start', 'version', 'config'])
      expect(stderr).to.match(new RegExp(`^ {2}${command} `, 'm'));
  });

  describe('showing settings', () => {
    it('prints them with their origins within 100 columns, secrets masked', async () => {
      const path = join(folder, 'shown.yaml');
      writeFileSync(path, 'site: datadoghq.eu\nexternal_metrics_provider:\n  max_age: 5m\n');
      const { code, stdout, stderr } = await runBundle(['config', '-c', path, '--log-level', 'debug'], {
        DD_API_KEY: apiKey,
        DD_HEALTH_PORT: '5556',
      });
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
      expect(stdout).to.match(/^ {2}site +datadoghq.eu +file line 1$/m);
      expect(stdout).to.match(/^ {2}max_age +300 s +file line 3$/m);
      expect(stdout).to.match(/^ {2}log_level +debug +flag --log-level$/m);
      expect(stdout).to.match(/^ {2}health_port +5556 +env DD_HEALTH_PORT$/m);
      expect(stdout).to.match(/^ {2}api_key +\*{8}bcdef +env DD_API_KEY$/m);
      expect(stdout).to.not.include(apiKey);
      expect(stdout.split('\n').filter((line) => line.length > 100)).to.deep.equal([]);
    });

    it('takes global options before the command as well', async () => {
      const { stdout } = await runBundle(['--log-level', 'trace', '--namespace', 'dd', 'config', '-n']);
      expect(stdout).to.match(/^ {2}log_level +trace +flag --log-level$/m);
      expect(stdout).to.match(/^ {2}kube_resources_namespace +dd +flag --namespace$/m);
    });

    it('finds the file within a folder', async () => {
      const inner = join(folder, 'etc');
      mkdirSync(inner);
      writeFileSync(join(inner, 'datadog-cluster.yaml'), 'log_level: error\n');
      const { stdout } = await runBundle(['config', '--cfgpath', inner]);
      expect(stdout).to.match(/^ {2}log_level +error +file line 1$/m);
    });

    it('names all that is wrong and prints the rest', async () => {
      const { code, stdout, stderr } = await runBundle(['config', '-c', join(folder, 'missing.yaml')], {
        DD_SITE: 'https://datadoghq.com',
        DD_HEALTH_PORT: 'x',
        DD_LEADER_LEASE_DURATION: '10',
      });
      expect(code).to.equal(1);
      expect(
        stderr
          .trimEnd()
          .split('\n')
          .map((line) => line.split(' ').slice(0, 2).join(' ')),
      ).to.deep.equal([
        'error: --cfgpath:',
        'error: DD_SITE',
        'error: DD_HEALTH_PORT',
        'warning: DD_LEADER_LEASE_DURATION',
      ]);
      expect(stdout).to.match(/^ {2}health_port +\(wrong\)$/m);
      expect(stdout).to.match(/^ {2}leader_lease_duration +10 s +env DD_LEADER_LEASE_DURATION$/m);
    });

    it('does not mind when its reader goes away', async () => {
      const running = startBundle(['config']);
      running.process.stdout.destroy();
      const { code, stderr } = await running.ended;
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    });
  });
});
