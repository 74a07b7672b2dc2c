import { expect } from 'chai';
import { createRegistry } from '../../../core/telemetry.js';
import { CallBudget } from '../../../datadog/call-budget.js';
import { parseRateLimit } from '../../../datadog/rate-limit.js';
import { FakeClock } from '../../fake-clock.js';

function scene() {
  const clock = new FakeClock();
  const registry = createRegistry({ withProcessMetrics: false });
  const budget = new CallBudget({ clock, registry });
  const heard = (remaining: number, reset: number): void =>
    budget.heard(
      parseRateLimit({
        'x-ratelimit-limit': '300',
        'x-ratelimit-period': '3600',
        'x-ratelimit-remaining': String(remaining),
        'x-ratelimit-reset': String(reset),
      }),
    );
  return { clock, registry, budget, heard };
}

describe('the budget for queries', () => {
  it('is not known before Datadog spoke of it', () => {
    const { budget } = scene();
    budget.heard(parseRateLimit({}));
    expect(budget.describe()).to.equal(undefined);
  });

  it('tells the least of a period, whatever comes last, and begins anew with the next one', async () => {
    const { clock, registry, budget, heard } = scene();
    heard(12, 60);
    heard(10, 60);
    heard(11, 60);
    expect(budget.describe()).to.deep.equal({
      limit: 300,
      periodSeconds: 3_600,
      remaining: 11,
      remainingMin: 10,
      resetAt: new Date(clock.nowMs() + 60_000).toISOString(),
    });
    expect(await registry.metrics()).to.contain(
      'rate_limit_queries_remaining_min{endpoint="/api/v1/query"} 10',
    );
    await clock.advance(60_000);
    heard(299, 3_600);
    expect(budget.describe()?.remainingMin).to.equal(299);
  });

  it('makes a date of any header', () => {
    const { budget, heard } = scene();
    heard(1, 1e300);
    expect(budget.describe()?.resetAt).to.match(/^2026-/);
  });
});
