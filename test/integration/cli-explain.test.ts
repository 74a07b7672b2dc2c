import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Report } from '../../explain/report.js';
import { autoscaler } from '../../simulator/autoscaler.js';
import { StandIns, tokens } from '../../simulator/stand-ins.js';
import { type Outcome, runBundle } from './cli-bundle.js';

describe('the command explain', function () {
  this.timeout(30_000);
  const standIns = new StandIns();
  let port = 0;
  let portWithout = 0;

  before(async () => {
    await standIns.start();
    const metric = { name: 'no.such.metric' };
    standIns.cluster.apply(autoscaler({ namespace: 'shop', name: 'lost', metric }));
    const replica = standIns.startReplica({ name: 'dca-0' });
    await standIns.untilReady(replica, new AbortController().signal);
    port = replica.app.commandPort() ?? 0;
    const without = standIns.startReplica({
      name: 'dca-1',
      settings: { DD_EXTERNAL_METRICS_PROVIDER_ENABLED: 'false' },
    });
    for (let tries = 0; portWithout === 0 && tries < 100; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      portWithout = without.app.commandPort() ?? 0;
    }
  });

  after(() => standIns.stop());

  function explain(
    args: readonly string[],
    { token = tokens.local, at = port }: { readonly token?: string; readonly at?: number } = {},
  ): Promise<Outcome> {
    const path = join(standIns.folder, 'auth_token');
    writeFileSync(path, token);
    return runBundle(['explain', ...args], {
      DD_AUTH_TOKEN_FILE_PATH: path,
      DD_CLUSTER_AGENT_CMD_PORT: String(at),
    });
  }

  it('prints at most 100 columns, the verdict last, and ends with exit code 2 for a fault', async () => {
    const { code, stdout, stderr } = await explain(['shop/lost']);
    expect({ code, stderr }).to.deep.equal({ code: 2, stderr: '' });
    expect(stdout).to.match(/^HPA shop\/lost: 1 external metric\n/);
    expect(stdout).to.match(/\nVERDICT {7}no_series: [\s\S]*\nREMEDY {8}[^\n]+(\n {14}[^\n]+)*\n$/);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).to.be.at.most(100);
  });

  it('prints JSON, on one line or indented, and asks Datadog again when told to', async () => {
    const one = await explain(['shop/lost', '--json', '--query']);
    expect(one.stdout.split('\n')).to.have.length(2);
    const { metrics } = JSON.parse(one.stdout) as Report;
    expect(metrics[0]?.fresh).to.deep.include({ state: 'none', reason: 'no_series' });
    expect((await explain(['shop/lost', '-p'])).stdout).to.match(/^\{\n {2}"shared": \{\n/);
  });

  it('writes a file that only its owner may read', async () => {
    const file = join(standIns.folder, 'explain.txt');
    expect(await explain(['shop/lost', '-o', file])).to.deep.equal({ code: 2, stdout: '', stderr: '' });
    expect(readFileSync(file, 'utf8')).to.contain('VERDICT');
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    const unwritable = await explain(['shop/lost', '-o', join(standIns.folder, 'missing', 'x')]);
    expect(unwritable.code).to.equal(1);
    expect(unwritable.stderr).to.contain('cannot be written: ENOENT');
  });

  it('says what is wrong and what to do, and shows no token', async () => {
    for (const [ask, message] of [
      [() => explain(['lost']), /expected <namespace>\/<name of the HPA>, got "lost"/],
      [() => explain(['a/b/c']), /expected <namespace>\/<name of the HPA>/],
      [() => explain(['shop/lost'], { at: 1 }), /ECONNREFUSED.*; is the Cluster Agent running here/],
      [
        () => explain(['shop/lost'], { token: 'x'.repeat(40) }),
        /answered 403: .*the token file is another one/,
      ],
      [
        () => explain(['shop/lost'], { at: portWithout }),
        /answered 404: external metrics are turned off here/,
      ],
    ] as const) {
      const { code, stdout, stderr } = await ask();
      expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
      expect(stderr)
        .to.match(/^Could not explain the HPA: /)
        .and.match(message)
        .and.not.contain('xxxx');
    }
  });
});
