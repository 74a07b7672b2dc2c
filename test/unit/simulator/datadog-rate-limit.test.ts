import { expect } from 'chai';
import { RateLimit } from '../../../simulator/datadog/rate-limit.js';
import { FakeClock } from '../../fake-clock.js';

describe('simulator/datadog/rate-limit', () => {
  it('lets the budget through, then nothing until the calendar period ends', async () => {
    const clock = new FakeClock(Date.UTC(2026, 0, 1, 0, 0, 55));
    const limit = new RateLimit({ clock }, { limit: 2, periodSeconds: 60 });
    expect(limit.take()).to.deep.equal({
      isAllowed: true,
      headers: {
        'x-ratelimit-limit': '2',
        'x-ratelimit-period': '60',
        'x-ratelimit-remaining': '1',
        'x-ratelimit-reset': '5',
        'x-ratelimit-name': 'metric_query',
      },
    });
    expect(limit.take().isAllowed).to.equal(true);
    await clock.advance(1500);
    const refused = limit.take();
    expect(refused.isAllowed).to.equal(false);
    expect(refused.headers).to.include({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '4' });
    await clock.advance(3500);
    expect(limit.take()).to.deep.include({ isAllowed: true });
    expect(limit.take().headers).to.include({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '60' });
  });

  it('begins anew with another budget', () => {
    const limit = new RateLimit({ clock: new FakeClock() }, { limit: 0, periodSeconds: 10, name: 'mine' });
    expect(limit.take().isAllowed).to.equal(false);
    limit.configure({ limit: 1 });
    expect(limit.message).to.equal('Rate limit of 1 requests in 10 seconds reached. Please try again later.');
    expect(limit.take().headers).to.include({ 'x-ratelimit-remaining': '0', 'x-ratelimit-name': 'mine' });
    expect(limit.take().isAllowed).to.equal(false);
  });
});
