import { expect } from 'chai';
import { Fault } from '../../../core/fault.js';
import { fail, ok, type Result } from '../../../core/result.js';
import type { TextAnswer, TextApi, TextCall } from '../../../kube/api.js';
import { ControlPlaneStatus, parseComponents, parseReadiness } from '../../../kube/control-plane.js';
import { fakeApi } from './fake-api.js';

const { signal } = new AbortController();

/** As kube-apiserver 1.36 writes it. */
const component = (name: string, status: string, words: { message?: string; error?: string } = {}) => ({
  metadata: { name },
  conditions: [{ type: 'Healthy', status, ...words }],
});
const list = (...items: readonly unknown[]) => ({
  kind: 'ComponentStatusList',
  apiVersion: 'v1',
  metadata: {},
  items,
});

const passed = '[+]ping ok\n[+]etcd ok\n[+]etcd-readiness excluded: ok\nreadyz check passed\n';
const failed =
  '[+]ping ok\n[-]etcd failed: reason withheld\n[+]informer-sync ok\n[-]poststarthook/rbac/bootstrap-roles failed: reason withheld\nreadyz check failed\n';

describe('parseComponents', () => {
  const cases: readonly (readonly [string, unknown, object])[] = [
    [
      'takes a healthy one with its message, under the name that it has',
      component('etcd-0', 'True', { message: 'ok' }),
      { name: 'etcd-0', health: 'healthy', message: 'ok' },
    ],
    [
      'takes a broken one with the message, where there is no error',
      component('scheduler', 'False', { message: 'connection refused' }),
      { name: 'scheduler', health: 'unhealthy', message: 'connection refused' },
    ],
    [
      'prefers the error to the message',
      component('scheduler', 'Unknown', { message: 'x', error: 'no probe' }),
      { name: 'scheduler', health: 'unknown', message: 'no probe' },
    ],
    [
      'does not guess at a status that it does not know',
      component('scheduler', 'Perhaps'),
      { name: 'scheduler', health: 'unknown', message: '' },
    ],
    [
      'looks at no other condition',
      { metadata: { name: 'x' }, conditions: [{ type: 'Tired', status: 'True' }] },
      { name: 'x', health: 'unknown', message: '' },
    ],
    [
      'takes one without conditions',
      { metadata: { name: 'x' }, conditions: null },
      { name: 'x', health: 'unknown', message: '' },
    ],
  ];
  for (const [title, item, expected] of cases) {
    it(title, () => {
      expect(parseComponents(list(item))).to.deep.equal({ ok: true, value: [expected] });
    });
  }

  it('leaves out what has no name, and takes an empty list', () => {
    expect(parseComponents(list({ metadata: {} }, 7, null))).to.deep.equal(ok([]));
    expect(parseComponents({ kind: 'ComponentStatusList', items: null })).to.deep.equal(ok([]));
  });

  it('refuses what is no such list', () => {
    for (const body of [undefined, [], 'ok', { items: [] }, { kind: 'ComponentStatusList', items: 'x' }]) {
      const parsed = parseComponents(body);
      expect(parsed.ok || parsed.error.message).to.equal(
        'GET /api/v1/componentstatuses: the answer is no ComponentStatusList; is this the API server?',
      );
    }
  });
});

describe('parseReadiness', () => {
  it('reads the checks of a server that is ready, those left out by order too', () => {
    expect(parseReadiness({ status: 200, text: passed })).to.deep.equal(
      ok({
        isReady: true,
        checks: [
          { name: 'ping', passed: true },
          { name: 'etcd', passed: true },
          { name: 'etcd-readiness', passed: true },
        ],
      }),
    );
  });

  it('reads which checks failed', () => {
    const read = parseReadiness({ status: 500, text: failed });
    expect(read.ok && read.value.isReady).to.equal(false);
    expect(read.ok && read.value.checks.filter(({ passed: has }) => !has)).to.deep.equal([
      { name: 'etcd', passed: false },
      { name: 'poststarthook/rbac/bootstrap-roles', passed: false },
    ]);
  });

  it('takes the short answers too', () => {
    expect(parseReadiness({ status: 200, text: 'ok' })).to.deep.equal(ok({ isReady: true, checks: [] }));
    expect(parseReadiness({ status: 500, text: 'internal error' })).to.deep.equal(
      ok({ isReady: false, checks: [] }),
    );
  });

  it('does not take a page of something else for a server that is ready', () => {
    const read = parseReadiness({ status: 200, text: '<html>Sign in</html>' });
    expect(read.ok || read.error.code).to.equal('kube.unreachable');
  });
});

describe('ControlPlaneStatus', () => {
  const scene = (answer: Result<unknown, Fault>, text: Result<TextAnswer, Fault>) => {
    const asked: { readonly path: string; readonly call: TextCall }[] = [];
    const texts: TextApi = {
      text: async (path, call) => {
        asked.push({ path, call });
        return text;
      },
    };
    const client = { ...fakeApi(() => answer), ...texts };
    const options = { componentsTimeoutMs: 8_000, patientTimeoutMs: 25_000, readinessTimeoutMs: 5_000 };
    return { client, asked, status: new ControlPlaneStatus({ client }, options) };
  };
  const fault = new Fault('kube.denied', 'GET …: HTTP 403');

  it('lists the components within times of its own', async () => {
    const { client, status } = scene(ok(list(component('scheduler', 'True'))), fail(fault));
    expect(await status.components('short', signal)).to.deep.equal(
      ok([{ name: 'scheduler', health: 'healthy', message: '' }]),
    );
    await status.components('long', signal);
    expect(client.seen).to.deep.equal(
      [8_000, 25_000].map((timeoutMs) => ({
        method: 'GET',
        path: '/api/v1/componentstatuses',
        call: { timeoutMs },
      })),
    );
  });

  it('asks for all checks of /readyz, of a server that is not ready too', async () => {
    const { asked, status } = scene(fail(fault), ok({ status: 500, text: failed }));
    const read = await status.readiness(signal);
    expect(read.ok && read.value.isReady).to.equal(false);
    expect(asked).to.deep.equal([
      { path: '/readyz', call: { timeoutMs: 5_000, query: { verbose: 'true' }, alsoAnswers: [500] } },
    ]);
  });

  it('hands on the faults of the client', async () => {
    const { status } = scene(fail(fault), fail(fault));
    expect(await status.components('short', signal)).to.deep.equal(fail(fault));
    expect(await status.readiness(signal)).to.deep.equal(fail(fault));
  });
});
