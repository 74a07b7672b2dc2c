import { expect } from 'chai';
import type { Component } from '../../../core/component.js';
import { silentLog } from '../../../core/log.js';
import { Tolerant } from '../../../dashboard/tolerant.js';
import { FakeClock } from '../../fake-clock.js';

describe('Tolerant', () => {
  it('tries again after a minute where its part fails, and says so meanwhile', async () => {
    const clock = new FakeClock();
    let tries = 0;
    const part: Component = {
      name: 'page',
      health: () => ({ state: 'ready' }),
      run: async (signal) => {
        tries += 1;
        if (tries === 1) throw new Error('the port is taken');
        await clock.sleep(Number.MAX_SAFE_INTEGER, signal);
      },
    };
    const tolerant = new Tolerant(part, { clock, log: silentLog });
    const stop = new AbortController();
    const ended = tolerant.run(stop.signal);
    await clock.advance(59_000);
    expect(tries).to.equal(1);
    expect(tolerant.health()).to.deep.equal({ state: 'degraded', detail: 'the port is taken' });
    await clock.advance(1_000);
    expect(tries).to.equal(2);
    expect(tolerant.health()).to.deep.equal({ state: 'ready' });
    stop.abort();
    await ended;
  });
});
