import { expect } from 'chai';
import { Fault } from '../../../core/fault.js';
import { toFault } from '../../../datadog/faults.js';
import { Exchange } from '../../../datadog/transport.js';
import { troubleKindOf } from '../../../explain/trouble.js';
import { refusesAll } from '../../../provider/witnesses.js';
import { FakeClock } from '../../fake-clock.js';

const place = { baseUrl: 'https://api.datadoghq.com', timeoutMs: 30_000, purpose: 'queries' } as const;

/** The very text that an answer of Datadog's, or the lack of one, becomes. */
function textOf(status: number | undefined, error: unknown = new Error('unreadable')): string {
  const ports = { dispatcher: {} as never, clock: new FakeClock() };
  const exchange = new Exchange(ports, { timeoutMs: 1, userAgent: '' }, new AbortController().signal);
  exchange.status = status;
  return toFault(error, exchange, place).message;
}

describe('the trouble behind a text of a failed refresh', () => {
  for (const [kind, text] of [
    ['keys_refused', textOf(403)],
    ['keys_refused', textOf(401)],
    ['rate_limited', textOf(429)],
    ['datadog_path_unknown', textOf(404)],
    ['datadog_failing', textOf(500)],
    ['datadog_failing', textOf(503)],
    ['datadog_unreadable', textOf(200)],
    ['datadog_timeout', textOf(undefined, new Error('no answer within 30000 ms'))],
    ['datadog_unreachable', textOf(undefined, new Error('connect ECONNREFUSED'))],
    ['datadog_refuses_all', refusesAll(new Fault('datadog.rejected', '400: refused the keys (no')).message],
    ['refresh_failing', 'nothing that anybody knows'],
  ] as const)
    it(`is ${kind} in "${text}"`, () => expect(troubleKindOf(text)).to.equal(kind));
});
