import { expect } from 'chai';
import type { Fault } from '../../../core/fault.js';
import type { Result } from '../../../core/result.js';
import { AuthenticationConfigWatch } from '../../../kube/authentication-config.js';
import { parseAuthenticationConfig } from '../../../kube/request-header.js';
import { FakeClock, settle } from '../../fake-clock.js';
import { fakeApi, listOf, recordingLog } from './fake-api.js';

const pem = (text: string): string => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;
const data = {
  'client-ca-file': pem('client'),
  'requestheader-client-ca-file': pem('proxy'),
  'requestheader-allowed-names': '["front-proxy-client"]',
  'requestheader-username-headers': '["X-Remote-User"]',
  'requestheader-uid-headers': '["X-Remote-Uid"]',
  'requestheader-group-headers': '["X-Remote-Group"]',
  'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
};
const configMap = (differences: Record<string, unknown> = {}, revision = '5') => ({
  metadata: {
    namespace: 'kube-system',
    name: 'extension-apiserver-authentication',
    resourceVersion: revision,
  },
  data: { ...data, ...differences },
});

describe('parseAuthenticationConfig', () => {
  it('reads what kube-apiserver writes, with header names in lower case', () => {
    expect(parseAuthenticationConfig(configMap())).to.deep.equal({
      config: {
        clientCaPem: pem('client'),
        requestHeader: {
          caPem: pem('proxy'),
          allowedNames: ['front-proxy-client'],
          usernameHeaders: ['x-remote-user'],
          uidHeaders: ['x-remote-uid'],
          groupHeaders: ['x-remote-group'],
          extraHeaderPrefixes: ['x-remote-extra-'],
        },
        revision: '5',
      },
      problems: [],
    });
  });

  it('takes absent lists for empty ones, and believes no headers without an authority', () => {
    const bare = parseAuthenticationConfig(
      configMap({ 'requestheader-uid-headers': undefined, 'requestheader-allowed-names': '' }),
    );
    expect(bare.config.requestHeader).to.include({ caPem: pem('proxy') });
    expect(bare.config.requestHeader?.uidHeaders).to.deep.equal([]);
    expect(bare.config.requestHeader?.allowedNames).to.deep.equal([]);
    expect(bare.problems).to.deep.equal([]);
    const without = parseAuthenticationConfig(configMap({ 'requestheader-client-ca-file': undefined }));
    expect(without.config).to.deep.equal({
      clientCaPem: pem('client'),
      requestHeader: undefined,
      revision: '5',
    });
  });

  it('lets a malformed field cost only itself', () => {
    const parsed = parseAuthenticationConfig(
      configMap({
        'client-ca-file': 'nonsense',
        'requestheader-group-headers': 'X-Remote-Group',
        'requestheader-uid-headers': '[""]',
      }),
    );
    expect(parsed.config.clientCaPem).to.equal(undefined);
    expect(parsed.config.requestHeader).to.deep.include({
      groupHeaders: [],
      uidHeaders: [],
      usernameHeaders: ['x-remote-user'],
    });
    expect(parsed.problems).to.deep.equal([
      'client-ca-file: expected PEM certificates',
      'requestheader-uid-headers: expected a JSON list of texts that are not empty',
      'requestheader-group-headers: expected a JSON list of texts that are not empty',
    ]);
  });

  it('never lets unreadable allowed names mean that any name is allowed', () => {
    for (const names of ['front-proxy-client', '{"a":1}', '[1]', '"x"']) {
      const parsed = parseAuthenticationConfig(configMap({ 'requestheader-allowed-names': names }));
      expect(parsed.config.requestHeader, names).to.equal(undefined);
      expect(parsed.problems.length).to.equal(1);
    }
  });
});

async function scene(answer: () => Result<unknown, Fault>) {
  const clock = new FakeClock();
  const log = recordingLog();
  const client = fakeApi(answer);
  const watch = new AuthenticationConfigWatch({ client, clock, log, random: () => 0 }, {});
  const stop = new AbortController();
  const ended = watch.run(stop.signal);
  await settle();
  const send = async (type: string, object: unknown): Promise<void> => {
    client.wires[0]?.send({ type, object });
    await settle();
  };
  const end = async (): Promise<void> => {
    stop.abort();
    await ended;
  };
  return { client, log, watch, send, end };
}

describe('AuthenticationConfigWatch', () => {
  it('reflects one ConfigMap of kube-system, live', async () => {
    const { watch, client, send, end } = await scene(() => listOf([configMap()], '5'));
    expect(client.seen[0]).to.deep.include({ path: '/api/v1/namespaces/kube-system/configmaps' });
    expect(client.seen[0]?.call.query).to.include({
      fieldSelector: 'metadata.name=extension-apiserver-authentication',
    });
    expect(watch.current()?.clientCaPem).to.equal(pem('client'));
    let changes = 0;
    watch.onChange(() => {
      changes += 1;
    });
    await send('MODIFIED', configMap({ 'client-ca-file': pem('rotated') }, '6'));
    expect(watch.current()).to.include({ clientCaPem: pem('rotated'), revision: '6' });
    expect(changes).to.equal(1);
    expect(watch.health()).to.deep.equal({ state: 'ready' });
    await end();
  });

  it('says that there is none, and uses a deleted one on', async () => {
    const none = await scene(() => listOf([], '5'));
    expect(none.watch.hasSynced()).to.equal(true);
    expect(none.watch.current()).to.equal(undefined);
    expect(none.watch.health()).to.include({ state: 'degraded' });
    await none.end();

    const deleted = await scene(() => listOf([configMap()], '5'));
    await deleted.send('DELETED', configMap({}, '6'));
    expect(deleted.watch.current()?.clientCaPem).to.equal(pem('client'));
    expect(deleted.log.lines).to.deep.equal([
      'warn there is no ConfigMap kube-system/extension-apiserver-authentication; what was known before is used on',
    ]);
    await deleted.end();
  });

  it('names a malformed field once', async () => {
    const bad = (revision: string) => configMap({ 'client-ca-file': 'nonsense' }, revision);
    const { log, send, end } = await scene(() => listOf([bad('5')], '5'));
    await send('MODIFIED', bad('6'));
    expect(log.fields).to.deep.equal([{ problem: 'client-ca-file: expected PEM certificates' }]);
    await end();
  });
});
