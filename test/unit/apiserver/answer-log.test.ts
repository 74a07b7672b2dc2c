import { expect } from 'chai';
import { AnswerLog } from '../../../apiserver/answer-log.js';
import type { Logger } from '../../../core/log.js';
import { metricId } from '../../../core/metric.js';
import { FakeClock } from '../../fake-clock.js';

const id = metricId({ namespace: 'shop', name: 'queue', selector: [] });

function scene() {
  const lines: string[] = [];
  const write = (level: string) => (_fields: object, message: string) =>
    void lines.push(`${level}: ${message}`);
  const log: Logger = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => log,
  };
  const clock = new FakeClock();
  return { lines, clock, log: new AnswerLog({ log, clock }) };
}

describe('apiserver/answer-log', () => {
  it('tells a metric’s trouble when it begins, changes and ends, and not in between', () => {
    const { lines, log } = scene();
    log.served(id);
    log.notServed(id, 'stale', '90 s old');
    log.notServed(id, 'stale', '95 s old');
    log.notServed(id, 'no_series', 'gone');
    log.served(id);
    log.served(id);
    expect(lines).to.deep.equal([
      'warn: metric is not served: 90 s old',
      'warn: metric is not served: gone',
      'info: metric is served again',
    ]);
  });

  it('tells a refusal again only after ten minutes', async () => {
    const { lines, clock, log } = scene();
    log.refused(['expired']);
    log.refused(['expired']);
    log.refused(['stranger']);
    log.reviewFailed('denied');
    log.reviewFailed('denied');
    expect(lines).to.have.length(3);
    await clock.advance(600_001);
    log.refused(['expired']);
    expect(lines).to.have.length(4);
  });
});
