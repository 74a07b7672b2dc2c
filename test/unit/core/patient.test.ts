import { expect } from 'chai';
import type { Health } from '../../../core/component.js';
import { Patient } from '../../../core/patient.js';
import { FakeClock } from '../../fake-clock.js';

function scene(health: Health) {
  const clock = new FakeClock();
  const part = { name: 'part', health: () => health, run: async () => {} };
  return { clock, patient: new Patient({ part, clock }, { patienceMs: 30_000 }) };
}

describe('Patient', () => {
  it('lets a part that has not come up count as degraded after a while', async () => {
    const { clock, patient } = scene({ state: 'starting', detail: 'forbidden' });
    await clock.advance(60_000);
    expect(patient.health().state).to.equal('starting', 'it has not been started');
    await patient.run(new AbortController().signal);
    await clock.advance(29_000);
    expect(patient.health()).to.deep.equal({ state: 'starting', detail: 'forbidden' });
    await clock.advance(2_000);
    expect(patient.health()).to.deep.equal({ state: 'degraded', detail: 'has not come up: forbidden' });
  });

  it('shows everything else as it is', async () => {
    for (const health of [
      { state: 'ready' },
      { state: 'degraded', detail: 'x' },
      { state: 'stuck', detail: 'y' },
    ] as const) {
      const { clock, patient } = scene(health);
      await patient.run(new AbortController().signal);
      await clock.advance(60_000);
      expect(patient.health()).to.deep.equal(health);
    }
  });
});
