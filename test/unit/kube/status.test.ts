import { expect } from 'chai';
import { faultOfRefusal, faultOfStatus } from '../../../kube/status.js';

const call = 'GET /api/v1/things';

describe('faultOfRefusal', () => {
  const codes: readonly (readonly [number, string])[] = [
    [301, 'kube.unreachable'],
    [400, 'kube.rejected'],
    [401, 'kube.denied'],
    [403, 'kube.denied'],
    [404, 'kube.not_found'],
    [405, 'kube.rejected'],
    [408, 'kube.unreachable'],
    [409, 'kube.conflict'],
    [410, 'kube.gone'],
    [413, 'kube.rejected'],
    [422, 'kube.rejected'],
    [429, 'kube.unreachable'],
    [500, 'kube.unreachable'],
    [503, 'kube.unreachable'],
    [504, 'kube.unreachable'],
  ];
  for (const [status, code] of codes) {
    it(`makes ${code} of HTTP ${status}`, () => {
      const fault = faultOfRefusal({ call, status, body: undefined });
      expect(fault.code).to.equal(code);
      expect(fault.message).to.match(new RegExp(`^GET /api/v1/things: HTTP ${status}`));
    });
  }

  it('names the rule that is missing in a namespace', () => {
    const message =
      'configmaps "x" is forbidden: User "system:serviceaccount:a:b" cannot update resource "configmaps" in API group "" in the namespace "monitoring"';
    expect(faultOfRefusal({ call, status: 403, body: { kind: 'Status', message } }).message).to.equal(
      `${call}: HTTP 403: ${message}; grant it by RBAC: a Role in namespace monitoring with apiGroups [""], resources ["configmaps"], verbs ["update"]`,
    );
  });

  it('names the rule that is missing for a path', () => {
    const message = 'forbidden: User "system:serviceaccount:a:b" cannot get path "/readyz"';
    expect(
      faultOfRefusal({ call: 'GET /readyz', status: 403, body: { kind: 'Status', message } }).message,
    ).to.equal(
      `GET /readyz: HTTP 403: ${message}; grant it by RBAC: a ClusterRole with nonResourceURLs ["/readyz"], verbs ["get"]`,
    );
  });

  it('names the rule that is missing in the whole cluster', () => {
    const message =
      'horizontalpodautoscalers.autoscaling is forbidden: User "u" cannot list resource "horizontalpodautoscalers" in API group "autoscaling" at the cluster scope';
    expect(faultOfRefusal({ call, status: 403, body: { message } }).message).to.contain(
      'a ClusterRole with apiGroups ["autoscaling"], resources ["horizontalpodautoscalers"], verbs ["list"]',
    );
  });

  it('keeps the seconds after which to come back', () => {
    expect(faultOfRefusal({ call, status: 429, body: {}, retryAfter: '7' }).retryAfterSeconds).to.equal(7);
    expect(
      faultOfRefusal({ call, status: 504, body: { details: { retryAfterSeconds: 3 } } }).retryAfterSeconds,
    ).to.equal(3);
    for (const retryAfter of ['Wed, 21 Oct 2026 07:28:00 GMT', '-1', '99999999', '']) {
      expect(faultOfRefusal({ call, status: 429, body: {}, retryAfter }).retryAfterSeconds).to.equal(
        undefined,
      );
    }
  });

  it('quotes nothing of a body that is no Status', () => {
    const fault = faultOfRefusal({ call, status: 502, body: ['<html>secret</html>'] });
    expect(fault.message).to.equal(`${call}: HTTP 502`);
  });
});

describe('faultOfStatus', () => {
  it('reads the code of a watch error event', () => {
    const fault = faultOfStatus('WATCH /x', {
      code: 410,
      reason: 'Expired',
      message: 'too old resource version',
    });
    expect(fault).to.include({ code: 'kube.gone', message: 'WATCH /x: HTTP 410: too old resource version' });
  });

  it('takes an unreadable one for a failure of the server', () => {
    expect(faultOfStatus('WATCH /x', null).code).to.equal('kube.unreachable');
  });
});
