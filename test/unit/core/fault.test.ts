import { expect } from 'chai';
import { Fault, type FaultCode, messageOf } from '../../../core/fault.js';

describe('the table of faults', () => {
  const expected: Readonly<Record<FaultCode, readonly [number, string, boolean]>> = {
    'request.malformed': [400, 'BadRequest', false],
    'request.unauthenticated': [401, 'Unauthorized', false],
    'request.forbidden': [403, 'Forbidden', false],
    'request.not_found': [404, 'NotFound', false],
    'request.method_not_allowed': [405, 'MethodNotAllowed', false],
    'request.not_acceptable': [406, 'NotAcceptable', false],
    'request.invalid': [422, 'Invalid', false],
    'server.overloaded': [429, 'TooManyRequests', true],
    'server.internal': [500, 'InternalError', true],
    'server.timeout': [504, 'Timeout', true],
    'metric.unavailable': [503, 'ServiceUnavailable', true],
    'datadog.rate_limited': [503, 'ServiceUnavailable', true],
    'datadog.denied': [503, 'ServiceUnavailable', true],
    'datadog.rejected': [503, 'ServiceUnavailable', false],
    'datadog.too_large': [503, 'ServiceUnavailable', false],
    'datadog.unreachable': [503, 'ServiceUnavailable', true],
    'kube.unreachable': [503, 'ServiceUnavailable', true],
    'kube.denied': [503, 'ServiceUnavailable', true],
    'kube.not_found': [503, 'ServiceUnavailable', false],
    'kube.conflict': [503, 'ServiceUnavailable', true],
    'kube.gone': [503, 'ServiceUnavailable', true],
    'kube.rejected': [503, 'ServiceUnavailable', false],
  };
  for (const code of Object.keys(expected) as FaultCode[]) {
    const [status, reason, retryable] = expected[code];
    it(`says that ${code} is ${status} ${reason} and ${retryable ? 'may pass' : 'stays'}`, () => {
      expect(new Fault(code, 'why').traits).to.deep.equal({ status, reason, retryable });
    });
  }

  it('shows what the outside does to us as 503, never as 5xx of our own or as the client’s mistake', () => {
    for (const code of Object.keys(expected)) {
      const [area] = code.split('.');
      const [status] = expected[code as FaultCode];
      if (area === 'datadog' || area === 'kube' || area === 'metric') expect(status, code).to.equal(503);
      else if (area === 'request') expect(status, code).to.be.within(400, 499);
    }
  });
});

describe('a fault', () => {
  it('is an error with a code, a message, a cause and a time to try again', () => {
    const cause = new Error('ECONNRESET');
    const fault = new Fault('datadog.rate_limited', 'used up', { cause, retryAfterSeconds: 30 });
    expect(fault).to.be.instanceOf(Error);
    expect(fault).to.include({
      name: 'Fault',
      code: 'datadog.rate_limited',
      message: 'used up',
      cause,
      retryAfterSeconds: 30,
    });
  });

  it('has neither cause nor time unless given', () => {
    const fault = new Fault('kube.gone', 'compacted');
    expect(fault.retryAfterSeconds).to.equal(undefined);
    expect('cause' in fault).to.equal(false);
  });
});

describe('the message of what was thrown', () => {
  it('is told with its causes, once each', () => {
    const inner = new Error('connect ECONNREFUSED');
    expect(messageOf(new Error('fetch failed', { cause: inner }))).to.equal(
      'fetch failed: connect ECONNREFUSED',
    );
    expect(messageOf(new Error('fetch failed: connect ECONNREFUSED', { cause: inner }))).to.equal(
      'fetch failed: connect ECONNREFUSED',
    );
    expect(messageOf(new Error('a', { cause: new Error('b', { cause: 'c' }) }))).to.equal('a: b: c');
  });

  it('is the text of anything else', () => {
    expect(messageOf('text')).to.equal('text');
    expect(messageOf(undefined)).to.equal('undefined');
    expect(messageOf(7)).to.equal('7');
  });

  it('is not empty for a host with two addresses that both refuse', () => {
    const refused = Object.assign(
      new AggregateError([
        new Error('connect ECONNREFUSED ::1:1'),
        new Error('connect ECONNREFUSED 127.0.0.1:1'),
      ]),
      {
        code: 'ECONNREFUSED',
      },
    );
    expect(messageOf(refused)).to.contain('ECONNREFUSED');
  });
});
