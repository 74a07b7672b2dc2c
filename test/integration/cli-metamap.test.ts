import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { LargeCluster, smallSize } from '../../simulator/large-cluster.js';
import { StandIns, tokens } from '../../simulator/stand-ins.js';
import { type Outcome, runBundle } from './cli-bundle.js';

describe('the command metamap', function () {
  this.timeout(30_000);
  const standIns = new StandIns();
  const large = new LargeCluster(standIns.cluster, smallSize);
  let port = 0;

  before(async () => {
    await standIns.start();
    large.build();
    const replica = standIns.startReplica({ name: 'dca-0' });
    await standIns.untilReady(replica, new AbortController().signal);
    port = replica.app.commandPort() ?? 0;
  });

  after(() => standIns.stop());

  function metamap(
    args: readonly string[],
    { token = tokens.local, at = port }: { readonly token?: string; readonly at?: number } = {},
  ): Promise<Outcome> {
    const path = join(standIns.folder, 'auth_token');
    writeFileSync(path, token);
    return runBundle(['metamap', ...args], {
      DD_AUTH_TOKEN_FILE_PATH: path,
      DD_CLUSTER_AGENT_CMD_PORT: String(at),
    });
  }

  it('tells all that the replica knows', async () => {
    const { code, stdout, stderr } = await metamap(['--json']);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    const { Nodes } = JSON.parse(stdout) as {
      Nodes: Record<string, { services: Record<string, Record<string, object>> }>;
    };
    const told = Object.entries(Nodes).flatMap(([node, { services }]) =>
      Object.entries(services).flatMap(([namespace, pods]) =>
        Object.entries(pods).map(
          ([pod, names]) => `${node} ${namespace}/${pod} ${Object.keys(names).join(' ')}`,
        ),
      ),
    );
    const wanted = [...large.expected()].flatMap(([node, pods]) =>
      [...pods].map(([pod, services]) => `${node} ${pod} ${[...services].sort().join(' ')}`),
    );
    expect(told.sort()).to.deep.equal(wanted.sort());
    expect(wanted.length).to.be.above(1_000);
  });

  it('tells one node, and with exit code 2 that there is no such node', async () => {
    const [node = ''] = large.expected().keys();
    const { code, stdout } = await metamap([node]);
    expect(code).to.equal(0);
    expect(stdout.match(/^Node detected: .*$/gm)).to.deep.equal([`Node detected: ${node}`]);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).to.be.below(100);
    const unknown = await metamap(['no-such-node']);
    expect(unknown.code).to.equal(2);
    expect(unknown.stdout).to.contain(
      'Could not run the service mapper: the cluster has no node no-such-node',
    );
  });

  it('writes a file that only its owner may read', async () => {
    const file = join(standIns.folder, 'map.json');
    expect(await metamap(['-p', '-o', file])).to.deep.equal({ code: 0, stdout: '', stderr: '' });
    expect(Object.keys((JSON.parse(readFileSync(file, 'utf8')) as { Nodes: object }).Nodes)).to.have.length(
      50,
    );
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    const unwritable = await metamap(['-o', join(standIns.folder, 'missing', 'map')]);
    expect(unwritable.code).to.equal(1);
    expect(unwritable.stderr).to.contain('cannot be written: ENOENT');
  });

  it('says what is wrong and what to do, and shows no token', async () => {
    const cases: readonly (readonly [Promise<Outcome>, RegExp])[] = [
      [
        metamap([], { at: 1 }),
        /https:\/\/127\.0\.0\.1:1: .*ECONNREFUSED.*; is the Cluster Agent running here/,
      ],
      [
        runBundle(['metamap'], { DD_AUTH_TOKEN_FILE_PATH: join(standIns.folder, 'none') }),
        /the token file .*none cannot be read: ENOENT; run this where the Cluster Agent runs/,
      ],
      [
        runBundle(['metamap'], { DD_CLUSTER_AGENT_CMD_PORT: 'five' }),
        /^error: DD_CLUSTER_AGENT_CMD_PORT \(environment\): got "five", expected a port/,
      ],
    ];
    for (const [outcome, message] of cases) {
      const { code, stdout, stderr } = await outcome;
      expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
      expect(stderr).to.match(message);
    }
    const stranger = await metamap([], { token: 'x'.repeat(40) });
    expect(stranger.code).to.equal(1);
    expect(stranger.stderr).to.contain(
      'the Cluster Agent answered 403: invalid session token; the token file is another one than the running Cluster Agent has read',
    );
    expect(stranger.stderr).to.not.contain('xxxx');
  });
});
