import { createServer } from 'node:https';
import { expect } from 'chai';
import { request } from 'undici';
import { parse } from 'yaml';
import { createAuthority, issueLeaf, newMaterial } from '../../certs/authority.js';
import { systemClock } from '../../core/clock.js';
import { fieldAt, listAt, numberAt, textAt } from '../../simulator/cluster/object.js';
import { SimulatedHpaController } from '../../simulator/hpa-controller.js';
import { type Ask, configMap, configMaps, Site, type Watch } from './simulator-cluster-scene.js';

async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error: unknown) {
    if (error instanceof Error) return error;
  }
  throw new Error('expected a rejection');
}

function pause(ms: number): Promise<void> {
  return systemClock.sleep(ms, new AbortController().signal);
}

describe('the stand-in cluster, on the wire', () => {
  let site: Site;
  beforeEach(async () => {
    site = new Site();
    await site.cluster.start();
  });
  afterEach(() => site.close());

  describe('verbs', () => {
    it('creates, gets, replaces, patches and deletes', async () => {
      const made = await site.ask(configMaps, { method: 'POST', body: configMap('a', { x: '1' }) });
      expect(made.status).to.equal(201);
      expect(made.headers['content-type']).to.equal('application/json');
      const got = await site.ask(`${configMaps}/a`);
      expect(got.body).to.deep.equal(made.body);
      const replaced = await site.ask(`${configMaps}/a`, {
        method: 'PUT',
        body: { ...configMap('a', { x: '2' }) },
      });
      expect(fieldAt(replaced.body, 'data')).to.deep.equal({ x: '2' });
      const merged = await site.ask(`${configMaps}/a`, {
        method: 'PATCH',
        body: { data: { y: '3', x: null } },
        type: 'application/merge-patch+json',
      });
      expect(fieldAt(merged.body, 'data')).to.deep.equal({ y: '3' });
      const operations = [
        { op: 'test', path: '/data/y', value: '3' },
        { op: 'replace', path: '/data/y', value: '4' },
      ];
      const patched = await site.ask(`${configMaps}/a`, {
        method: 'PATCH',
        body: operations,
        type: 'application/json-patch+json',
      });
      expect(fieldAt(patched.body, 'data')).to.deep.equal({ y: '4' });
      expect(site.cluster.configMapData('ns', 'a')).to.deep.equal({ y: '4' });
      const again = await site.ask(`${configMaps}/a`, {
        method: 'PATCH',
        body: operations,
        type: 'application/json-patch+json',
      });
      expect(again.status).to.equal(422);
      const deleted = await site.ask(`${configMaps}/a`, { method: 'DELETE' });
      expect(deleted.body).to.deep.include({ status: 'Success', kind: 'Status' });
      expect((await site.ask(`${configMaps}/a`)).body).to.deep.equal({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'configmaps "a" not found',
        reason: 'NotFound',
        details: { name: 'a', kind: 'configmaps' },
        code: 404,
      });
    });

    it('refuses a stale write and a name that is taken with 409', async () => {
      const first = site.cluster.apply(configMap('a'));
      site.cluster.apply(configMap('a', { x: '1' }));
      const { resourceVersion } = first.metadata;
      const stale = await site.ask(`${configMaps}/a`, {
        method: 'PUT',
        body: configMap('a', {}, { resourceVersion }),
      });
      expect(stale.body).to.include({ code: 409, reason: 'Conflict' });
      const stalePatch = { metadata: { resourceVersion }, data: {} };
      const patched = await site.ask(`${configMaps}/a`, {
        method: 'PATCH',
        body: stalePatch,
        type: 'application/merge-patch+json',
      });
      expect(patched.body).to.include({ code: 409, reason: 'Conflict' });
      const taken = await site.ask(configMaps, { method: 'POST', body: configMap('a') });
      expect(taken.body).to.include({ code: 409, reason: 'AlreadyExists' });
      const preconditions = { preconditions: { resourceVersion } };
      const deleted = await site.ask(`${configMaps}/a`, { method: 'DELETE', body: preconditions });
      expect(deleted.body).to.include({ code: 409, reason: 'Conflict' });
    });

    it('refuses other body types, bodies that are no JSON, other methods and unknown paths', async () => {
      const code = async (path: string, ask: Ask): Promise<unknown> =>
        fieldAt((await site.ask(path, ask)).body, 'code');
      site.cluster.apply(configMap('a'));
      expect(
        await code(`${configMaps}/a`, {
          method: 'PATCH',
          body: 'data: {}',
          type: 'application/apply-patch+yaml',
        }),
      ).to.equal(415);
      expect(
        await code(configMaps, { method: 'POST', body: 'k8s', type: 'application/vnd.kubernetes.protobuf' }),
      ).to.equal(415);
      expect(await code(configMaps, { method: 'POST', body: '{' })).to.equal(400);
      expect(await code(configMaps, { method: 'POST', body: `"${'x'.repeat(3 * 1024 * 1024)}"` })).to.equal(
        413,
      );
      expect(await code(configMaps, { method: 'DELETE' })).to.equal(405);
      expect(await code('/api/v1/namespaces/ns/widgets', {})).to.equal(404);
      expect(await code('/apis/example.org/v1/namespaces/ns/widgets', {})).to.equal(404);
      expect(await code(`${configMaps}/a/status`, {})).to.equal(404);
      expect((await site.ask(configMaps, { method: 'HEAD' })).status).to.equal(405);
    });

    it('lists in pages of one snapshot', async () => {
      for (const name of ['a', 'b', 'c']) site.cluster.apply(configMap(name, { v: 'old' }));
      const first = await site.ask(`${configMaps}?limit=2`);
      site.cluster.apply(configMap('c', { v: 'new' }));
      const token = textAt(first.body, 'metadata', 'continue') ?? '';
      const second = await site.ask(`${configMaps}?limit=2&continue=${token}`);
      expect(listAt(second.body, 'items').map((item) => textAt(item, 'data', 'v'))).to.deep.equal(['old']);
      expect(textAt(second.body, 'metadata', 'resourceVersion')).to.equal(
        textAt(first.body, 'metadata', 'resourceVersion'),
      );
    });

    it('selects by label and by name, in one namespace or in all', async () => {
      site.cluster.apply(configMap('a', {}, { labels: { app: 'web' } }));
      site.cluster.apply(configMap('b', {}, { namespace: 'other', labels: { app: 'web' } }));
      const names = async (path: string): Promise<readonly unknown[]> =>
        listAt((await site.ask(path)).body, 'items').map((item) => textAt(item, 'metadata', 'name'));
      expect(await names('/api/v1/configmaps?labelSelector=app+in+%28web%29')).to.deep.equal(['a', 'b']);
      expect(await names(`${configMaps}?labelSelector=app%3Dweb`)).to.deep.equal(['a']);
      expect(await names('/api/v1/configmaps?fieldSelector=metadata.name%3Db')).to.deep.equal(['b']);
    });

    it('shows and sets the scale of a deployment', async () => {
      const path = '/apis/apps/v1/namespaces/ns/deployments/web';
      site.cluster.apply({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web', namespace: 'ns' },
        spec: { replicas: 2, selector: { matchLabels: { app: 'web' } } },
        status: { replicas: 2 },
      });
      const scale = await site.ask(`${path}/scale`);
      expect(scale.body).to.deep.include({
        kind: 'Scale',
        apiVersion: 'autoscaling/v1',
        spec: { replicas: 2 },
        status: { replicas: 2, selector: 'app=web' },
      });
      const patched = await site.ask(`${path}/scale`, {
        method: 'PATCH',
        body: { spec: { replicas: 5 } },
        type: 'application/merge-patch+json',
      });
      expect(fieldAt(patched.body, 'spec', 'replicas')).to.equal(5);
      expect(fieldAt((await site.ask(path)).body, 'spec')).to.deep.equal({
        replicas: 5,
        selector: { matchLabels: { app: 'web' } },
      });
      const status = await site.ask(`${path}/status`, {
        method: 'PATCH',
        body: { spec: { replicas: 9 }, status: { replicas: 5 } },
        type: 'application/strategic-merge-patch+json',
      });
      expect(status.body).to.deep.include({ status: { replicas: 5 } });
      expect(fieldAt(status.body, 'spec', 'replicas')).to.equal(5);
    });
  });

  describe('watches', () => {
    it('stream what is there and then each change', async () => {
      site.cluster.apply(configMap('a'));
      const watch = await site.watch(`${configMaps}?watch=1`);
      expect(await watch.brief()).to.equal('ADDED a');
      site.cluster.apply(configMap('a', { x: '1' }));
      expect(await watch.brief()).to.equal('MODIFIED a');
      site.cluster.remove('configmaps', 'ns', 'a');
      expect(await watch.brief()).to.equal('DELETED a');
    });

    it('go on from a version, send bookmarks and end at their time-out', async () => {
      site.cluster.apply(configMap('a'));
      const since = site.cluster.resourceVersion;
      site.cluster.apply(configMap('b'));
      const watch = await site.watch(
        `${configMaps}?watch=1&resourceVersion=${since}&allowWatchBookmarks=true&timeoutSeconds=1`,
      );
      expect(await watch.brief()).to.equal('ADDED b');
      const bookmark = await watch.next();
      expect(bookmark).to.deep.include({ type: 'BOOKMARK' });
      expect(textAt(bookmark, 'object', 'metadata', 'resourceVersion')).to.equal(
        site.cluster.resourceVersion,
      );
      let last = await watch.brief();
      while (last === 'BOOKMARK') last = await watch.brief();
      expect(last).to.equal('end');
      expect(site.cluster.openWatches()).to.equal(0);
    });

    it('get a 410 event for a version that is compacted away', async () => {
      site.cluster.apply(configMap('a'));
      const old = site.cluster.resourceVersion;
      site.cluster.apply(configMap('b'));
      site.cluster.compact();
      const watch = await site.watch(`${configMaps}?watch=1&resourceVersion=${old}`);
      expect(watch.status).to.equal(200);
      const event = await watch.next();
      expect(textAt(event, 'type')).to.equal('ERROR');
      expect(numberAt(event, 'object', 'code')).to.equal(410);
      expect(await watch.brief()).to.equal('end');
    });

    it('are let go of when the client leaves', async () => {
      const agent = site.agent();
      const answer = await request(`${site.cluster.address.url}${configMaps}?watch=1`, {
        dispatcher: agent,
        headers: { authorization: `Bearer ${site.cluster.adminToken}` },
      });
      answer.body.on('error', () => {});
      expect(site.cluster.openWatches({ resource: 'configmaps' })).to.equal(1);
      answer.body.destroy();
      for (let turn = 0; turn < 100 && site.cluster.openWatches() > 0; turn += 1) await pause(10);
      expect(site.cluster.openWatches()).to.equal(0);
    });
  });

  describe('callers', () => {
    it('are known by token or certificate, and nobody is anonymous by a wrong one', async () => {
      const seen: string[] = [];
      site.cluster.setCallerPolicy((user) => {
        seen.push(`${user.name} ${user.groups.join('+')}`);
        return true;
      });
      const token = site.cluster.issueToken({ name: 'replica-0', groups: ['agents'] });
      await site.ask(configMaps, { token });
      const agent = site.agent(site.cluster.clientCertificate('alice', ['devs', 'ops']));
      await site.ask(configMaps, { token: '' }, agent);
      await site.ask(configMaps, { token: '' });
      expect(seen).to.deep.equal([
        'replica-0 agents+system:authenticated',
        'alice devs+ops+system:authenticated',
        'system:anonymous system:unauthenticated',
      ]);
      expect((await site.ask(configMaps, { token: 'wrong' })).body).to.include({
        code: 401,
        message: 'Unauthorized',
      });
      const stranger = site.agent(site.cluster.frontProxyCertificate());
      expect((await site.ask(configMaps, { token: '' }, stranger)).status).to.equal(401);
      site.cluster.revokeToken(token);
      expect((await site.ask(configMaps, { token })).status).to.equal(401);
    });

    it('are refused what the policy does not allow, in Kubernetes’ words', async () => {
      const token = site.cluster.issueToken({ name: 'system:serviceaccount:ns:agent' });
      site.cluster.setCallerPolicy(
        (_user, access) => access.kind === 'resource' && access.verb === 'get' && access.name === 'a',
      );
      expect((await site.ask(`${configMaps}/a`, { token })).status).to.equal(404);
      expect((await site.ask(`${configMaps}/b`, { token })).body).to.deep.equal({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message:
          'configmaps "b" is forbidden: User "system:serviceaccount:ns:agent" cannot get resource "configmaps" in API group "" in the namespace "ns"',
        reason: 'Forbidden',
        details: { name: 'b', kind: 'configmaps' },
        code: 403,
      });
      const messageOf = async (path: string): Promise<string | undefined> =>
        textAt((await site.ask(path, { token })).body, 'message');
      expect(await messageOf('/apis/autoscaling/v2/horizontalpodautoscalers')).to.equal(
        'horizontalpodautoscalers.autoscaling is forbidden: User "system:serviceaccount:ns:agent" cannot list resource ' +
          '"horizontalpodautoscalers" in API group "autoscaling" at the cluster scope',
      );
      expect(await messageOf('/apis/apps/v1/namespaces/ns/deployments/web/scale')).to.contain(
        'cannot get resource "deployments/scale"',
      );
      expect(await messageOf('/version')).to.equal(
        'forbidden: User "system:serviceaccount:ns:agent" cannot get path "/version"',
      );
    });

    it('need no name for the probes only', async () => {
      expect((await site.ask('/readyz', { token: '' })).text).to.equal('ok');
      expect((await site.ask('/version', { token: '' })).body).to.include({
        gitVersion: 'v1.36.2',
        major: '1',
        minor: '36',
      });
      expect((await site.ask(configMaps, { token: '' })).status).to.equal(403);
    });

    it('find a kubeconfig that leads here', () => {
      const config: unknown = parse(site.cluster.kubeconfig());
      expect(textAt(config, 'clusters', 0, 'cluster', 'server')).to.equal(site.cluster.address.url);
      const ca = textAt(config, 'clusters', 0, 'cluster', 'certificate-authority-data') ?? '';
      expect(Buffer.from(ca, 'base64').toString()).to.equal(site.cluster.address.caPem);
      expect(textAt(config, 'users', 0, 'user', 'token')).to.equal(site.cluster.adminToken);
    });
  });

  describe('reviews', () => {
    it('answer who a token belongs to', async () => {
      const token = site.cluster.issueToken({
        name: 'bob',
        groups: ['devs'],
        uid: '7',
        extra: { scope: ['a'] },
      });
      const path = '/apis/authentication.k8s.io/v1/tokenreviews';
      const known = await site.ask(path, { method: 'POST', body: { spec: { token, audiences: ['x'] } } });
      expect(known.status).to.equal(201);
      expect(fieldAt(known.body, 'status')).to.deep.equal({
        authenticated: true,
        user: {
          username: 'bob',
          uid: '7',
          groups: ['devs', 'system:authenticated'],
          extra: { scope: ['a'] },
        },
        audiences: ['x'],
      });
      const unknown = await site.ask(path, { method: 'POST', body: { spec: { token: 'nobody' } } });
      expect(fieldAt(unknown.body, 'status', 'authenticated')).to.equal(undefined);
    });

    it('answer what somebody may do', async () => {
      const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
      const spec = {
        user: 'bob',
        groups: ['devs'],
        resourceAttributes: {
          verb: 'list',
          group: 'external.metrics.k8s.io',
          resource: 'hits',
          namespace: 'ns',
        },
      };
      const ask = async (): Promise<unknown> =>
        fieldAt((await site.ask(path, { method: 'POST', body: { spec } })).body, 'status');
      expect(await ask()).to.deep.equal({ allowed: true });
      site.cluster.setAccessPolicy((user, access) => ({
        isAllowed: user.groups.includes('ops') || (access.kind === 'resource' && access.resource === 'other'),
        reason: 'not an operator',
      }));
      expect(await ask()).to.deep.equal({ allowed: false, reason: 'not an operator' });
      const empty = await site.ask(path, { method: 'POST', body: { spec: { user: 'bob' } } });
      expect(empty.status).to.equal(400);
    });

    it('answer a caller by the policy that it is held to itself', async () => {
      const token = site.cluster.issueToken({ name: 'agent' });
      site.cluster.setCallerPolicy(
        (_user, access) => access.kind === 'path' || access.resource !== 'secrets',
      );
      const ask = async (resource: string): Promise<unknown> => {
        const body = { spec: { resourceAttributes: { verb: 'get', resource } } };
        const answer = await site.ask('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
          method: 'POST',
          body,
          token,
        });
        return fieldAt(answer.body, 'status', 'allowed');
      };
      expect([await ask('secrets'), await ask('configmaps')]).to.deep.equal([false, true]);
    });
  });

  describe('discovery', () => {
    it('names groups, versions and resources', async () => {
      const groups = listAt((await site.ask('/apis')).body, 'groups').map((group) => textAt(group, 'name'));
      expect(groups).to.include.members([
        'apps',
        'autoscaling',
        'coordination.k8s.io',
        'authorization.k8s.io',
      ]);
      expect((await site.ask('/api')).body).to.deep.include({ kind: 'APIVersions', versions: ['v1'] });
      expect((await site.ask('/apis/autoscaling')).body).to.deep.include({
        kind: 'APIGroup',
        name: 'autoscaling',
      });
      const resources = listAt((await site.ask('/apis/autoscaling/v2')).body, 'resources').map((one) =>
        textAt(one, 'name'),
      );
      expect(resources).to.deep.equal(['horizontalpodautoscalers', 'horizontalpodautoscalers/status']);
      expect((await site.ask('/apis/autoscaling/v2beta2')).status).to.equal(404);
    });
  });
});

describe('the stand-in cluster of an older kind', () => {
  it('serves autoscaling/v2beta2 only, and plain HTTP, when asked to', async () => {
    const site = new Site({ autoscalerVersion: 'v2beta2', protocol: 'http' });
    const { url, caPem } = await site.cluster.start();
    expect([url.startsWith('http://'), caPem]).to.deep.equal([true, '']);
    expect((await site.ask('/apis/autoscaling/v2/horizontalpodautoscalers')).status).to.equal(404);
    expect((await site.ask('/apis/autoscaling/v2beta2/horizontalpodautoscalers')).body).to.include({
      apiVersion: 'autoscaling/v2beta2',
    });
    const fault = site.cluster.inject({ kind: 'reset' }, { resource: 'configmaps' });
    expect((await rejection(site.ask(configMaps))).message).to.match(/ECONNRESET|other side closed/);
    expect(fault.hits).to.equal(1);
    await site.close();
  });
});

describe('faults of the stand-in cluster, on the wire', () => {
  let site: Site;
  beforeEach(async () => {
    site = new Site();
    await site.cluster.start();
    site.cluster.apply(configMap('a', { x: 'y'.repeat(1000) }));
  });
  afterEach(() => site.close());

  it('status: answers what it is told, with Retry-After, so often', async () => {
    site.cluster.inject(
      { kind: 'status', status: 429, retryAfterSeconds: 7 },
      { resource: 'configmaps', times: 1 },
    );
    const struck = await site.ask(configMaps);
    expect(struck.status).to.equal(429);
    expect(struck.headers['retry-after']).to.equal('7');
    expect(struck.body).to.deep.include({ reason: 'TooManyRequests', details: { retryAfterSeconds: 7 } });
    expect((await site.ask(configMaps)).status).to.equal(200);
    site.cluster.inject({ kind: 'status', status: 503, message: 'etcd is away' }, { times: 1 });
    expect((await site.ask('/apis')).body).to.include({
      reason: 'ServiceUnavailable',
      message: 'etcd is away',
    });
  });

  it('conflict: a write fails so many times and then goes through', async () => {
    site.cluster.inject({ kind: 'conflict' }, { verb: 'update', name: 'a', times: 2 });
    const write = async (): Promise<number> =>
      (await site.ask(`${configMaps}/a`, { method: 'PUT', body: configMap('a') })).status;
    expect([await write(), await write(), await write()]).to.deep.equal([409, 409, 200]);
  });

  it('reset: before the request, and in the middle of the answer', async () => {
    site.cluster.inject({ kind: 'reset' }, { verb: 'create', times: 1 });
    await rejection(site.ask(configMaps, { method: 'POST', body: configMap('b') }));
    expect(site.cluster.get('configmaps', 'ns', 'b')).to.equal(undefined);
    site.cluster.inject({ kind: 'reset', afterBytes: 100 }, { verb: 'get', times: 1 });
    await rejection(site.ask(`${configMaps}/a`));
    expect(
      site.cluster.requests({ verb: 'get' }).map(({ status, bytes }) => ({ status, bytes })),
    ).to.deep.equal([{ status: 200, bytes: 100 }]);
    expect((await site.ask(`${configMaps}/a`)).status).to.equal(200);
  });

  it('dies after commit: the write has happened, the answer never comes', async () => {
    site.cluster.inject({ kind: 'dies-after-commit' }, { verb: 'create', times: 1 });
    await rejection(site.ask(configMaps, { method: 'POST', body: configMap('b') }));
    expect(site.cluster.get('configmaps', 'ns', 'b')?.metadata.name).to.equal('b');
  });

  it('slow: answers late', async () => {
    site.cluster.inject({ kind: 'slow', latencyMs: 80 }, { verb: 'get' });
    const before = systemClock.monotonicMs();
    expect((await site.ask(`${configMaps}/a`)).status).to.equal(200);
    expect(systemClock.monotonicMs() - before).to.be.greaterThan(75);
  });

  it('silent: never answers', async () => {
    site.cluster.inject({ kind: 'silent' }, { verb: 'get' });
    const answered = site.ask(`${configMaps}/a`, {}, site.agent()).then(
      () => 'answer',
      () => 'broken',
    );
    expect(await Promise.race([answered, pause(150).then(() => 'nothing')])).to.equal('nothing');
    expect(site.cluster.requests({ verb: 'get' })[0]).to.include({ status: 0 });
    await site.cluster.outage();
    expect(await answered).to.equal('broken');
  });

  it('expired: 410 in the middle of paging, with a token for the rest', async () => {
    site.cluster.apply(configMap('b'));
    site.cluster.inject({ kind: 'expired' }, { verb: 'list', page: 'next', times: 1 });
    const first = await site.ask(`${configMaps}?limit=1`);
    const gone = await site.ask(
      `${configMaps}?limit=1&continue=${textAt(first.body, 'metadata', 'continue')}`,
    );
    expect(gone.body).to.include({ code: 410, reason: 'Expired' });
    const rest = await site.ask(
      `${configMaps}?limit=1&continue=${textAt(gone.body, 'metadata', 'continue')}`,
    );
    expect(textAt(rest.body, 'items', 0, 'metadata', 'name')).to.equal('b');
  });

  it('expired: a watch that begins with its end', async () => {
    site.cluster.inject({ kind: 'expired' }, { verb: 'watch', times: 1 });
    const watch = await site.watch(`${configMaps}?watch=1`);
    expect(numberAt(await watch.next(), 'object', 'code')).to.equal(410);
    expect(await watch.brief()).to.equal('end');
  });

  it('stalled: a watch that is accepted and silent, even of bookmarks', async () => {
    site.cluster.inject({ kind: 'stalled' }, { verb: 'watch', times: 1 });
    const watch = await site.watch(`${configMaps}?watch=1&allowWatchBookmarks=true`);
    expect(watch.status).to.equal(200);
    site.cluster.apply(configMap('b'));
    const event = watch.brief();
    event.catch(() => {});
    expect(await Promise.race([event, pause(200).then(() => 'nothing')])).to.equal('nothing');
  });

  it('strikes open watches: reset, expire, stall, close', async () => {
    const open = async (): Promise<Watch> => {
      const watch = await site.watch(`${configMaps}?watch=1`);
      expect(await watch.brief()).to.equal('ADDED a');
      return watch;
    };
    const reset = await open();
    expect(site.cluster.breakWatches('reset', { resource: 'configmaps' })).to.equal(1);
    await rejection(reset.next());
    const expired = await open();
    site.cluster.breakWatches('expire');
    expect(numberAt(await expired.next(), 'object', 'code')).to.equal(410);
    expect(await expired.brief()).to.equal('end');
    const closed = await open();
    site.cluster.breakWatches('close');
    expect(await closed.brief()).to.equal('end');
    const stalled = await open();
    site.cluster.breakWatches('stall');
    site.cluster.apply(configMap('b'));
    const event = stalled.brief();
    event.catch(() => {});
    expect(await Promise.race([event, pause(100).then(() => 'nothing')])).to.equal('nothing');
  });

  it('reset in mid-event: a watch breaks off inside a line', async () => {
    site.cluster.inject({ kind: 'reset', afterBytes: 1500 }, { verb: 'watch', times: 1 });
    const watch = await site.watch(`${configMaps}?watch=1`);
    expect(await watch.brief()).to.equal('ADDED a');
    site.cluster.apply(configMap('a', { x: 'z'.repeat(1000) }));
    await rejection(watch.next());
  });

  it('strikes one caller among several', async () => {
    const token = site.cluster.issueToken({ name: 'replica-1' });
    site.cluster.inject({ kind: 'status', status: 500 }, { user: 'replica-1' });
    expect([
      (await site.ask(configMaps)).status,
      (await site.ask(configMaps, { token })).status,
    ]).to.deep.equal([200, 500]);
  });

  it('outage and recovery: refused, and then back on the same port with all it held', async () => {
    const watch = await site.watch(`${configMaps}?watch=1`);
    expect(await watch.brief()).to.equal('ADDED a');
    await site.cluster.outage();
    await rejection(watch.next());
    expect((await rejection(site.ask(configMaps))).message).to.contain('ECONNREFUSED');
    expect(site.cluster.openWatches()).to.equal(0);
    await site.cluster.recover();
    expect((await site.ask(`${configMaps}/a`)).status).to.equal(200);
  });

  it('records requests, and no token', async () => {
    site.cluster.clearRequests();
    await site.ask(`${configMaps}?limit=1`, { headers: { 'user-agent': 'agent/1.0' } });
    await site.ask(configMaps, { method: 'POST', body: configMap('b') });
    await site.ask(configMaps, { token: 'wrong-token-of-somebody' });
    const [list, create, wrong] = site.cluster.requests();
    expect(list).to.include({
      method: 'GET',
      url: `${configMaps}?limit=1`,
      verb: 'list',
      resource: 'configmaps',
      namespace: 'ns',
      userAgent: 'agent/1.0',
      user: 'kubernetes-admin',
      status: 200,
    });
    expect(create).to.include({
      verb: 'create',
      status: 201,
      requestBytes: JSON.stringify(configMap('b')).length,
    });
    expect(wrong).to.include({ user: '', status: 401 });
    expect(site.cluster.requests({ verb: 'create' }).length).to.equal(1);
    expect(JSON.stringify(site.cluster.requests()))
      .to.not.contain('wrong-token')
      .and.not.contain(site.cluster.adminToken);
    expect(site.cluster.connections).to.be.within(1, 3);
  });
});

/** A metrics server behind Service `ns/metrics`, and what it saw. */
async function backend(
  site: Site,
  answer: (url: string) => { readonly status: number; readonly body: object },
) {
  const nowMs = systemClock.nowMs();
  const validity = { notBeforeMs: nowMs - 60_000, notAfterMs: nowMs + 3_600_000 };
  const authority = createAuthority(validity, newMaterial());
  const leaf = issueLeaf(authority, { names: ['metrics.ns.svc'], validity }, newMaterial());
  const requestHeaderCa =
    site.cluster.configMapData('kube-system', 'extension-apiserver-authentication')?.[
      'requestheader-client-ca-file'
    ] ?? '';
  const seen: { readonly url: string; readonly headers: readonly string[]; readonly isTrusted: boolean }[] =
    [];
  const server = createServer(
    {
      cert: leaf.certPem,
      key: leaf.keyPem,
      ca: requestHeaderCa,
      requestCert: true,
      rejectUnauthorized: false,
    },
    (incoming, outgoing) => {
      const isTrusted = 'authorized' in incoming.socket && incoming.socket.authorized === true;
      seen.push({ url: incoming.url ?? '', headers: incoming.rawHeaders, isTrusted });
      const { status, body } = answer(incoming.url ?? '');
      outgoing
        .writeHead(status, { 'content-type': 'application/json', etag: '"e"' })
        .end(JSON.stringify(body));
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
  site.onClose(close);
  const register = (caPem: string): void => {
    site.cluster.apply({
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: 'v1beta1.external.metrics.k8s.io' },
      spec: {
        group: 'external.metrics.k8s.io',
        version: 'v1beta1',
        service: { namespace: 'ns', name: 'metrics', port: 443 },
        caBundle: Buffer.from(caPem).toString('base64'),
      },
    });
  };
  register(authority.certPem);
  return { seen, port, close, register };
}

describe('the aggregation layer of the stand-in cluster', () => {
  let site: Site;
  beforeEach(async () => {
    site = new Site();
    await site.cluster.start();
  });
  afterEach(() => site.close());

  const metric = '/apis/external.metrics.k8s.io/v1beta1/namespaces/ns/hits?labelSelector=a+in+%28b%2Cc%29';

  it('passes a request on in the caller’s name', async () => {
    const { seen, port } = await backend(site, () => ({
      status: 200,
      body: { kind: 'ExternalMetricValueList' },
    }));
    site.cluster.routeService('ns', 'metrics', { port });
    const token = site.cluster.issueToken({
      name: 'bob',
      groups: ['one, two', 'devs'],
      uid: '7',
      extra: { 'a/b': ['c'] },
    });
    const answer = await site.ask(metric, {
      token,
      headers: { accept: 'application/json', 'user-agent': 'curl/8', 'x-remote-user': 'root' },
    });
    expect(answer.status).to.equal(200);
    expect(answer.body).to.deep.equal({ kind: 'ExternalMetricValueList' });
    expect(answer.headers['etag']).to.equal('"e"');
    const [passed] = seen;
    expect(passed).to.include({ url: metric, isTrusted: true });
    const headers = pairs(passed?.headers ?? []);
    expect(headers.filter(([name]) => name.startsWith('x-remote'))).to.deep.equal([
      ['x-remote-user', 'bob'],
      ['x-remote-uid', '7'],
      ['x-remote-group', 'one, two'],
      ['x-remote-group', 'devs'],
      ['x-remote-group', 'system:authenticated'],
      ['x-remote-extra-a%2fb', 'c'],
    ]);
    expect(headers).to.deep.include(['user-agent', 'curl/8']);
    expect(headers.map(([name]) => name)).to.not.include('authorization');
    expect(headers).to.deep.include(['x-forwarded-uri', metric.split('?')[0]]);
  });

  it('says in the real layer’s words what is wrong with a backend', async () => {
    expect((await site.ask(metric)).status).to.equal(404);
    const { port, close, register } = await backend(site, () => ({ status: 200, body: {} }));
    expect(await site.ask(metric)).to.include({ status: 503, text: 'service unavailable\n' });
    site.cluster.routeService('ns', 'metrics', { port });
    expect((await site.ask(metric)).status).to.equal(200);
    register(site.cluster.address.caPem);
    expect(await site.ask(metric)).to.include({
      status: 503,
      text: 'error trying to reach service: tls: failed to verify certificate: x509: certificate signed by unknown authority\n',
    });
    await close();
    expect(await site.ask(metric)).to.include({
      status: 503,
      text: `error trying to reach service: dial tcp 127.0.0.1:${port}: connect: connection refused\n`,
    });
  });

  it('lists the group, asks the caller policy, and passes on nothing but GET', async () => {
    await backend(site, () => ({ status: 200, body: {} }));
    const groups = listAt((await site.ask('/apis')).body, 'groups').map((group) => textAt(group, 'name'));
    expect(groups).to.include('external.metrics.k8s.io');
    expect((await site.ask(metric, { method: 'POST', body: {} })).status).to.equal(405);
    site.cluster.setCallerPolicy((_user, access) => access.kind === 'path');
    expect(textAt((await site.ask(metric)).body, 'message')).to.equal(
      'hits.external.metrics.k8s.io is forbidden: User "kubernetes-admin" cannot list resource "hits" in API group ' +
        '"external.metrics.k8s.io" in the namespace "ns"',
    );
  });

  it('is not trusted any more after the request-header CA changed, until the backend follows', async () => {
    const { seen, port } = await backend(site, () => ({ status: 200, body: {} }));
    site.cluster.routeService('ns', 'metrics', { port });
    await site.ask(metric);
    site.cluster.rotateFrontProxy();
    await site.ask(metric);
    expect(seen.map(({ isTrusted }) => isTrusted)).to.deep.equal([true, false]);
  });

  it('carries the simulated HPA controller, which scales by what the backend says', async () => {
    let value = '65';
    const { seen, port } = await backend(site, () => ({
      status: 200,
      body: { items: [{ metricName: 'hits', value }] },
    }));
    site.cluster.routeService('ns', 'metrics', { port });
    site.cluster.apply({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: 'ns' },
      spec: { replicas: 2 },
    });
    site.cluster.apply({
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'web', namespace: 'ns' },
      spec: {
        minReplicas: 1,
        maxReplicas: 10,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
        metrics: [
          {
            type: 'External',
            external: {
              metric: { name: 'Hits', selector: { matchLabels: { a: 'b' } } },
              target: { type: 'AverageValue', averageValue: '10' },
            },
          },
        ],
      },
    });
    const controller = new SimulatedHpaController(
      { objects: site.cluster, metrics: site.cluster.frontProxy, clock: systemClock },
      { syncMs: 1000 },
    );
    const { signal } = new AbortController();
    const replicas = (): unknown => fieldAt(site.cluster.get('deployments', 'ns', 'web'), 'spec', 'replicas');
    await controller.sync(signal);
    expect(replicas()).to.equal(4);
    await controller.sync(signal);
    expect(replicas()).to.equal(7);
    value = '0';
    await controller.sync(signal);
    expect(replicas()).to.equal(1);
    expect(seen[0]?.url).to.equal(
      '/apis/external.metrics.k8s.io/v1beta1/namespaces/ns/hits?labelSelector=a%3Db',
    );
    expect(pairs(seen[0]?.headers ?? [])).to.deep.include([
      'x-remote-user',
      'system:serviceaccount:kube-system:horizontal-pod-autoscaler',
    ]);
  });
});

/** Header names, in lower case, with their values. */
function pairs(rawHeaders: readonly string[]): readonly (readonly [string, string])[] {
  return rawHeaders.flatMap((name, index) =>
    index % 2 === 0 ? [[name.toLowerCase(), rawHeaders[index + 1] ?? ''] as const] : [],
  );
}
