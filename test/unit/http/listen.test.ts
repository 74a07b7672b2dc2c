import { expect } from 'chai';
import { listenError } from '../../../http/listen.js';

const failure = (code: string): NodeJS.ErrnoException =>
  Object.assign(new Error(`listen ${code}: said the system`), { code });

describe('listenError', () => {
  const address = { port: 443, portSetting: 'DD_EXTERNAL_METRICS_PROVIDER_PORT' };

  it('names the listener, the place, the setting and the remedy for a port below 1024', () => {
    expect(listenError('metrics', address, failure('EACCES')).message).to.equal(
      "metrics cannot listen on *:443: this process may not open that port. Set DD_EXTERNAL_METRICS_PROVIDER_PORT to 1024 or above and let the Service's targetPort point to it, or give the container the capability NET_BIND_SERVICE.",
    );
  });

  it('does so for a port that is taken', () => {
    expect(listenError('metrics', { ...address, host: '::1' }, failure('EADDRINUSE')).message).to.equal(
      'metrics cannot listen on ::1:443: the port is taken by another process. Stop that process, or set DD_EXTERNAL_METRICS_PROVIDER_PORT to a free port.',
    );
  });

  it('passes on what the system says otherwise, with the cause', () => {
    const cause = failure('EAFNOSUPPORT');
    const error = listenError('metrics', { port: 1 }, cause);
    expect(error.message).to.equal('metrics cannot listen on *:1: listen EAFNOSUPPORT: said the system');
    expect(error.cause).to.equal(cause);
  });
});
