import { expect } from 'chai';
import { ApiError } from '../../../simulator/cluster/api-error.js';
import { ControlPlane } from '../../../simulator/cluster/control-plane.js';
import { toRequestInfo } from '../../../simulator/cluster/request-info.js';

const ask = (plane: ControlPlane, url: string) => plane.answer(toRequestInfo('GET', url));
const list = '/api/v1/componentstatuses';

/** The code of the refusal. */
function refusalOf(act: () => unknown): number | undefined {
  try {
    act();
  } catch (error: unknown) {
    if (error instanceof ApiError) return error.status.code;
    throw error;
  }
  return undefined;
}

describe('the control plane of the stand-in cluster', () => {
  it('lists components as kube-apiserver does, and shows one by name', () => {
    const plane = new ControlPlane();
    plane.setComponents([{ name: 'etcd-0' }, { name: 'scheduler', status: 'False', message: 'refused' }]);
    const scheduler = {
      metadata: { name: 'scheduler' },
      conditions: [{ type: 'Healthy', status: 'False', message: 'refused' }],
    };
    expect(JSON.parse(String(ask(plane, list)?.body))).to.deep.equal({
      kind: 'ComponentStatusList',
      apiVersion: 'v1',
      metadata: {},
      items: [
        { metadata: { name: 'etcd-0' }, conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }] },
        scheduler,
      ],
    });
    expect(JSON.parse(String(ask(plane, `${list}/scheduler`)?.body))).to.deep.equal({
      kind: 'ComponentStatus',
      apiVersion: 'v1',
      ...scheduler,
    });
    expect(refusalOf(() => ask(plane, `${list}/another`))).to.equal(404);
  });

  it('may have no list', () => {
    const plane = new ControlPlane();
    plane.setComponents(undefined);
    expect(refusalOf(() => ask(plane, list))).to.equal(404);
  });

  it('answers the probes shortly, and with all checks where that is asked or one failed', () => {
    const plane = new ControlPlane();
    expect(ask(plane, '/readyz')).to.include({ status: 200, body: 'ok' });
    expect(ask(plane, '/readyz?verbose')).to.deep.include({
      status: 200,
      body: '[+]ping ok\n[+]log ok\n[+]etcd ok\n[+]etcd-readiness ok\n[+]informer-sync ok\n[+]shutdown ok\nreadyz check passed\n',
    });
    plane.failReadiness('etcd', 'own');
    expect(ask(plane, '/readyz')).to.deep.include({
      status: 500,
      body: '[+]ping ok\n[+]log ok\n[-]etcd failed: reason withheld\n[+]etcd-readiness ok\n[+]informer-sync ok\n[+]shutdown ok\n[-]own failed: reason withheld\nreadyz check failed\n',
    });
    expect(ask(plane, '/livez')).to.include({ status: 200, body: 'ok' });
  });

  it('leaves all else to others', () => {
    expect(ask(new ControlPlane(), '/api/v1/pods')).to.equal(undefined);
  });
});
