import { expect } from 'chai';
import { oneLine, requestStatus, toFault } from '../../../datadog/faults.js';
import type { Exchange } from '../../../datadog/transport.js';

const place = { purpose: 'queries' as const, baseUrl: 'https://api.datadoghq.eu', timeoutMs: 20_000 };
const exchange = (status: number | undefined, headers: Record<string, string> = {}) =>
  ({ status, headers }) as unknown as Exchange;
const wrapped = (text: string) => ({ code: 0, body: `Unknown API Status Code!\nBody: "${text}"` });
const said = (...errors: unknown[]) => ({ code: 0, body: { errors } });

describe('a failed call to Datadog', () => {
  const table: readonly (readonly [number | undefined, unknown, string, RegExp])[] = [
    [400, said('Rule X'), 'datadog.rejected', /400: Rule X/],
    [413, {}, 'datadog.rejected', /413/],
    [414, {}, 'datadog.rejected', /414/],
    [422, said('unknown aggregator', 'more'), 'datadog.rejected', /422: unknown aggregator; more/],
    [
      422,
      wrapped('{"errors":["unknown \\"aggregator\\""]}'),
      'datadog.rejected',
      /422: unknown "aggregator"$/,
    ],
    [503, wrapped('<html>"busy"</html>'), 'datadog.unreachable', /api\.datadoghq\.eu answered 503$/],
    [401, said('Unauthorized'), 'datadog.denied', /DD_API_KEY and DD_APP_KEY.*DD_SITE/],
    [403, said('Forbidden'), 'datadog.denied', /403: Forbidden.*timeseries_query/],
    [404, {}, 'datadog.unreachable', /404.*DD_SITE/],
    [408, {}, 'datadog.unreachable', /408/],
    [500, said('oops'), 'datadog.unreachable', /api\.datadoghq\.eu answered 500: oops/],
    [502, 'text', 'datadog.unreachable', /502/],
    [301, {}, 'datadog.unreachable', /301/],
    [200, new SyntaxError('Unexpected token'), 'datadog.unreachable', /body that cannot be read/],
    [
      undefined,
      new Error('connect ECONNREFUSED'),
      'datadog.unreachable',
      /cannot be reached \(connect ECONNREFUSED\).*DD_PROXY_HTTPS/,
    ],
    [undefined, new Error('no answer within 20000 ms'), 'datadog.unreachable', /did not answer within 20 s/],
    [undefined, 'text', 'datadog.unreachable', /text/],
  ];
  for (const [status, error, code, message] of table) {
    it(`with ${status ?? (error instanceof Error ? error.message : 'a text')} is ${code}, and says what to do`, () => {
      const fault = toFault(error, exchange(status), place);
      expect(fault.code).to.equal(code);
      expect(fault.message).to.match(message);
    });
  }

  it('with 429 says the budget and when to try again', () => {
    const limit = { 'x-ratelimit-limit': '300', 'x-ratelimit-period': '3600', 'x-ratelimit-reset': '120' };
    const fault = toFault({}, exchange(429, limit), place);
    expect(fault).to.include({ code: 'datadog.rate_limited', retryAfterSeconds: 120 });
    expect(fault.message).to.contain('300 calls per 3600 s');
    expect(toFault({}, exchange(429), place)).to.include({ retryAfterSeconds: 30 });
  });

  it('says one short line, whatever Datadog writes', () => {
    const fault = toFault(said(`a\n\t b${'x'.repeat(10_000)}`), exchange(400), place);
    expect(fault.message).to.not.match(/[\n\t]/);
    expect(fault.message.length).to.be.below(400);
  });

  it('is counted under the names of the original agent', () => {
    expect([undefined, 429, 422, 200, 403, 500].map(requestStatus)).to.deep.equal([
      'unknown_error',
      'rate_limit_error',
      'unprocessable_entity_error',
      'response_error',
      'other_http_error',
      'other_http_error',
    ]);
  });
});

describe('one line', () => {
  it('has no breaks and an end', () => {
    expect(oneLine('  a \r\n b\t\tc ')).to.equal('a b c');
    expect(oneLine('x'.repeat(300))).to.have.length(300);
    expect(oneLine('x'.repeat(301)))
      .to.have.length(300)
      .and.match(/…$/);
  });
});
