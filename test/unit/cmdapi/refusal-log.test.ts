import { expect } from 'chai';
import { RefusalLog } from '../../../cmdapi/refusal-log.js';
import { FakeClock } from '../../fake-clock.js';
import { recordingLog } from '../kube/fake-api.js';

describe('RefusalLog', () => {
  it('names each caller once in ten minutes, for each kind of refusal', async () => {
    const clock = new FakeClock();
    const log = recordingLog();
    const refusals = new RefusalLog({ clock, log });
    for (const [caller, status] of [
      ['10.0.0.1', 403],
      ['10.0.0.1', 403],
      ['10.0.0.1', 401],
      ['10.0.0.2', 403],
    ] as const)
      refusals.refused(caller, status, '/version');
    expect(log.fields).to.deep.equal([
      { caller: '10.0.0.1', status: 403, path: '/version' },
      { caller: '10.0.0.1', status: 401, path: '/version' },
      { caller: '10.0.0.2', status: 403, path: '/version' },
    ]);
    expect(log.lines[1]).to.equal(
      'warn a request without a token was refused; node agents need DD_CLUSTER_AGENT_AUTH_TOKEN',
    );
    await clock.advance(600_001);
    refusals.refused('10.0.0.1', 403, '/version');
    expect(log.lines).to.have.length(4);
  });
});
