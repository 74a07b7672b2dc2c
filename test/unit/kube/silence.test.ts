import { expect } from 'chai';
import { createRegistry } from '../../../core/telemetry.js';
import { reportSilence } from '../../../kube/silence.js';

describe('the telemetry of watches', () => {
  it('tells for each at the time of asking how long it has been silent', async () => {
    const registry = createRegistry({ withProcessMetrics: false });
    let staleForMs = 1_500;
    reportSilence(registry, { things: () => staleForMs, others: () => Number.POSITIVE_INFINITY });
    const values = async (): Promise<string[]> =>
      (await registry.metrics()).split('\n').filter((line) => line.startsWith('kube_watch'));
    expect(await values()).to.deep.equal([
      'kube_watch_silent_seconds{watched="things"} 1.5',
      'kube_watch_silent_seconds{watched="others"} +Inf',
    ]);
    staleForMs = 2_000;
    expect((await values())[0]).to.equal('kube_watch_silent_seconds{watched="things"} 2');
  });
});
