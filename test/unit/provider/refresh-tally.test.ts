import { expect } from 'chai';
import { createRegistry } from '../../../core/telemetry.js';
import { RefreshTally } from '../../../provider/refresh-tally.js';
import { FakeClock } from '../../fake-clock.js';

const records = { all: 2, valid: 1 };

describe('the tally of refreshes', () => {
  it('tells of the last one that ended, and counts its calls, their sizes, and what was halved', async () => {
    const clock = new FakeClock();
    const registry = createRegistry({ withProcessMetrics: false });
    const tally = new RefreshTally({ clock, registry });
    expect(tally.last()).to.equal(undefined);
    const count = tally.begin('all', 36);
    count.called(35);
    count.called(1);
    count.split();
    await clock.advance(1_500);
    count.ended(records);
    const cutShort = tally.begin('new', 1);
    cutShort.called(1);
    expect(tally.last()).to.deep.equal({
      endedAt: new Date(clock.nowMs()).toISOString(),
      scope: 'all',
      tookSeconds: 1.5,
      queries: 36,
      calls: 2,
      splits: 1,
    });
    const text = await registry.metrics();
    for (const line of [
      'external_metrics{valid="true"} 1',
      'external_metrics{valid="false"} 1',
      'external_metrics_retriever_elapsed_sum 1.5',
      'external_metrics_batch_queries_sum 37',
      'external_metrics_batch_queries_bucket{le="1"} 2',
      'external_metrics_batch_splits_total 1',
    ])
      expect(text).to.contain(line);
    tally.notLeading();
    expect(await registry.metrics()).to.not.contain('external_metrics{');
  });
});
