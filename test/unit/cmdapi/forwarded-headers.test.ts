import { expect } from 'chai';
import { carriedHeaders, isForwarded, returnedHeaders } from '../../../cmdapi/forwarded-headers.js';

describe('the headers of a request that is passed on', () => {
  it('are all but those of the connection, and the mark', () => {
    expect(
      carriedHeaders({
        authorization: 'Bearer x',
        'x-real-ip': '',
        accept: '*/*',
        'content-length': '3',
        cookie: 'a=1; b=2',
        'set-cookie': ['a=1', 'b=2'],
        host: 'datadog-cluster-agent:5005',
        connection: 'keep-alive',
        'keep-alive': 'timeout=5',
        'proxy-authorization': 'Basic x',
        te: 'trailers',
        trailer: 'x-sum',
        'transfer-encoding': 'chunked',
        upgrade: 'h2c',
        expect: '100-continue',
        'http2-settings': 'AAMAAABk',
      }),
    ).to.deep.equal({
      authorization: 'Bearer x',
      'x-real-ip': '',
      accept: '*/*',
      'content-length': '3',
      cookie: 'a=1; b=2',
      'set-cookie': ['a=1', 'b=2'],
      'x-dca-follower-forwarded': 'true',
    });
  });

  it('leave out what the connection header names, in whatever letters', () => {
    expect(
      carriedHeaders({ connection: 'close, X-Hop ,x-other', 'x-hop': '1', 'x-other': '2', 'x-end': '3' }),
    ).to.deep.equal({ 'x-end': '3', 'x-dca-follower-forwarded': 'true' });
  });

  it('leave out the request line of HTTP/2', () => {
    expect(
      carriedHeaders({
        ':path': '/',
        ':method': 'GET',
        ':authority': 'x',
        ':scheme': 'https',
        accept: '*/*',
      }),
    ).to.deep.equal({ accept: '*/*', 'x-dca-follower-forwarded': 'true' });
  });

  it('mark it anew, whatever the caller wrote there', () => {
    expect(carriedHeaders({ 'x-dca-follower-forwarded': 'no' })).to.deep.equal({
      'x-dca-follower-forwarded': 'true',
    });
  });

  it('tell a request that was passed on by the mark alone, whatever it says', () => {
    expect(isForwarded({})).to.equal(false);
    expect(isForwarded({ 'x-dca-forwarded': 'true' })).to.equal(false);
    for (const mark of ['true', 'false', ''])
      expect(isForwarded({ 'x-dca-follower-forwarded': mark })).to.equal(true);
  });
});

describe('the headers of an answer that came from the leader', () => {
  it('are all but those of the connection and the length, and the mark', () => {
    expect(
      returnedHeaders({
        'content-type': 'application/json',
        'content-length': '12',
        'retry-after': '5',
        warning: '299 - "old"',
        date: 'Mon, 05 Jan 2026 07:00:00 GMT',
        connection: 'close, x-hop',
        'x-hop': '1',
        'keep-alive': 'timeout=5',
        'transfer-encoding': 'chunked',
        'x-many': ['a', 'b'] as never,
      }),
    ).to.deep.equal({
      'content-type': 'application/json',
      'retry-after': '5',
      warning: '299 - "old"',
      date: 'Mon, 05 Jan 2026 07:00:00 GMT',
      'x-many': 'a, b',
      'x-dca-forwarded': 'true',
    });
  });
});
