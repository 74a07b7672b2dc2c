import { expect } from 'chai';
import { counter, createRegistry, gauge } from '../../../core/telemetry.js';
import { ProcessVars } from '../../../http/process-vars.js';
import { FakeClock } from '../../fake-clock.js';

describe('what is told to those who read expvar', () => {
  it('is version, uptime, memory, and every counter summed over its labels', async () => {
    const clock = new FakeClock();
    const registry = createRegistry({ withProcessMetrics: false });
    const calls = counter(registry, 'calls', 'Calls.', ['status']);
    calls.inc({ status: 'good' }, 2);
    calls.inc({ status: 'bad' }, 3);
    counter(registry, 'never', 'Nothing.', ['status']);
    gauge(registry, 'level', 'Level.', []).set(7);
    const vars = new ProcessVars({ clock, registry }, { version: '1.2.3', commit: 'abc' });
    await clock.advance(90_000);
    const told = (await vars.read()) as Record<string, Record<string, number>>;
    expect(told).to.deep.include({
      version: '1.2.3',
      commit: 'abc',
      uptime: 90,
      counters: { calls: 5, never: 0 },
    });
    expect(Object.keys(told)).to.deep.equal(['version', 'commit', 'uptime', 'memstats', 'cpu', 'counters']);
    const { HeapAlloc = 0, HeapSys = 0, Sys = 0 } = told['memstats'] ?? {};
    expect(HeapAlloc).to.be.above(1_000_000).and.below(HeapSys);
    expect(HeapSys).to.be.below(Sys);
  });
});
