import { expect } from 'chai';
import { secretsOf } from '../../../config/load.js';
import { apiKey, appKey, load, warningsOf } from './scene.js';

const yaml = `
log_level: debug
external_metrics_provider:
  enabled: true
  max_age: 120
`;

describe('loading settings', () => {
  it('prefers flags to environment to file to defaults', () => {
    const environment = { DD_LOG_LEVEL: 'warn' };
    const flags = { 'log-level': 'error' };
    expect(load({}).process.logLevel).to.equal('info');
    expect(load({ yaml }).process.logLevel).to.equal('debug');
    expect(load({ yaml, environment }).process.logLevel).to.equal('warn');
    expect(load({ yaml, environment, flags }).process.logLevel).to.equal('error');
  });

  it('keeps the origin of each value', () => {
    const config = load({
      yaml,
      environment: { DD_SITE: 'datadoghq.eu' },
      flags: { kubeconfig: '/k' },
      surroundings: { namespace: 'monitoring' },
    });
    const origin = (path: string) => config.entries.find((entry) => entry.path === path)?.origin;
    expect(origin('externalMetrics.maxAgeSeconds')).to.deep.equal({
      kind: 'file',
      path: 'settings.yaml',
      line: 5,
      key: 'external_metrics_provider.max_age',
    });
    expect(origin('datadog.site')).to.deep.equal({ kind: 'environment', name: 'DD_SITE' });
    expect(origin('kubernetes.kubeconfigPath')).to.deep.equal({ kind: 'flag', name: '--kubeconfig' });
    expect(origin('kubernetes.namespace')).to.deep.equal({
      kind: 'default',
      note: "the pod's service account",
    });
    expect(origin('process.healthPort')).to.deep.equal({ kind: 'default' });
    expect(origin('externalMetrics.endpoint')).to.deep.equal({ kind: 'derived', reason: 'from site' });
  });

  it('takes an empty value as unset, in every source', () => {
    const config = load({
      yaml: 'log_level:\nsite: ""\ncluster_agent:\n',
      environment: { DD_HEALTH_PORT: '', DD_EXPVAR_PORT: '  ' },
      flags: { 'log-level': '' },
    });
    expect(config.process).to.include({ logLevel: 'info', healthPort: 5555, telemetryPort: 5000 });
    expect(config.datadog.site).to.equal('datadoghq.com');
  });

  it('drops white space around values, as mounted Secrets bring it', () => {
    expect(load({ environment: { DD_API_KEY: `${apiKey}\n` } }).datadog.apiKey).to.equal(apiKey);
  });

  it('accepts older and newer names in the environment', () => {
    const old = { DD_EXTERNAL_METRICS_MAX_AGE: '100', DD_EXTERNAL_METRICS_BATCH_WINDOW: '5' };
    const newer = { DD_EXTERNAL_METRICS_PROVIDER_BUCKET_SIZE: '5m', DD_METRICS_PORT: '5001' };
    const { externalMetrics, process } = load({ environment: { ...old, ...newer } });
    expect(externalMetrics).to.include({ maxAgeSeconds: 100, batchWindowSeconds: 5, bucketSizeSeconds: 300 });
    expect(process.telemetryPort).to.equal(5001);
  });

  it('accepts older and newer keys in the file', () => {
    const text = 'external_metrics:\n  aggregator: MAX\n  max_age: 2m\nmetrics_port: 0\n';
    const { externalMetrics, process } = load({ yaml: text });
    expect(externalMetrics).to.include({ aggregator: 'max', maxAgeSeconds: 120 });
    expect(process.telemetryPort).to.equal(0);
  });

  it('accepts two names of one setting with one value, however it is written', () => {
    const environment = { DD_EXTERNAL_METRICS_MAX_AGE: '100', DD_EXTERNAL_METRICS_PROVIDER_MAX_AGE: '100s' };
    expect(load({ environment }).externalMetrics.maxAgeSeconds).to.equal(100);
  });

  it('does not judge values that are overridden', () => {
    expect(
      load({ yaml: 'health_port: banana', environment: { DD_HEALTH_PORT: '1' } }).process.healthPort,
    ).to.equal(1);
  });

  it('keeps a key of digits as it is written', () => {
    const digits = '01234567890123456789012345678901';
    expect(load({ yaml: `api_key: ${digits}` }).datadog.apiKey).to.equal(digits);
    expect(load({ yaml: `api_key: "${digits}"` }).datadog.apiKey).to.equal(digits);
  });

  it('takes the namespace and the name of the replica from its surroundings', () => {
    const surroundings = { namespace: 'monitoring', hostName: 'agent-7' };
    expect(load({ surroundings }).kubernetes).to.include({ namespace: 'monitoring', podName: 'agent-7' });
    const environment = { DD_KUBE_RESOURCES_NAMESPACE: 'dd', DD_POD_NAME: 'pod-1' };
    expect(load({ surroundings, environment }).kubernetes).to.include({ namespace: 'dd', podName: 'pod-1' });
  });

  describe('of proxies', () => {
    const file = 'proxy:\n  https: http://file:1\n  no_proxy:\n    - a.example\n    - b.example\n';

    it('prefers our variable to the plain one to the file', () => {
      const plain = { HTTPS_PROXY: 'http://plain:1' };
      const ours = { DD_PROXY_HTTPS: 'http://ours:1' };
      expect(load({ yaml: file }).proxy.https).to.equal('http://file:1');
      expect(load({ yaml: file, environment: plain }).proxy.https).to.equal('http://plain:1');
      expect(load({ yaml: file, environment: { ...plain, ...ours } }).proxy.https).to.equal('http://ours:1');
    });

    it('reads the plain variables in capitals first, then in small letters', () => {
      expect(load({ environment: { http_proxy: 'http://small:1' } }).proxy.http).to.equal('http://small:1');
      const both = { http_proxy: 'http://small:1', HTTP_PROXY: 'http://big:1' };
      expect(load({ environment: both }).proxy.http).to.equal('http://big:1');
    });

    it('reads the list of exceptions from YAML lists and from text', () => {
      expect(load({ yaml: file }).proxy.noProxy).to.deep.equal(['a.example', 'b.example']);
      expect(load({ environment: { DD_PROXY_NO_PROXY: 'a b' } }).proxy.noProxy).to.deep.equal(['a', 'b']);
      expect(load({ environment: { no_proxy: 'a,.b' } }).proxy.noProxy).to.deep.equal(['a', '.b']);
    });
  });

  describe('of leader election', () => {
    const external = { DD_EXTERNAL_METRICS_PROVIDER_ENABLED: 'true', DD_API_KEY: apiKey, DD_APP_KEY: appKey };

    it('switches it on for external metrics and for events', () => {
      expect(load({}).leaderElection.enabled).to.equal(false);
      expect(load({ environment: external }).leaderElection.enabled).to.equal(true);
      expect(load({ environment: { DD_COLLECT_KUBERNETES_EVENTS: 'yes' } }).leaderElection.enabled).to.equal(
        true,
      );
    });

    it('leaves it off when that was said by hand, with a warning', () => {
      const scene = { environment: { ...external, DD_LEADER_ELECTION: 'false' } };
      expect(load(scene).leaderElection.enabled).to.equal(false);
      expect(warningsOf(scene)).to.deep.equal([
        'warning: DD_LEADER_ELECTION (environment): no leader is elected: this replica acts as the leader and must be the only one',
      ]);
    });

    it('warns of a lease of 30 s or less, and accepts it', () => {
      const scene = { environment: { DD_LEADER_LEASE_DURATION: '15' } };
      expect(load(scene).leaderElection.leaseSeconds).to.equal(15);
      expect(warningsOf(scene)).to.have.length(1);
      expect(warningsOf({ environment: { DD_LEADER_LEASE_DURATION: '30s' } })).to.have.length(1);
      expect(warningsOf({ environment: { DD_LEADER_LEASE_DURATION: '31' } })).to.deep.equal([]);
    });
  });

  describe('of events', () => {
    it('sends to the site unless another address is set, whichever of its names is used', () => {
      expect(load({ environment: { DD_SITE: 'datadoghq.eu' } }).datadog.url).to.equal(
        'https://api.datadoghq.eu',
      );
      for (const name of ['DD_URL', 'DD_DD_URL'])
        expect(load({ environment: { [name]: 'http://relay:8080/' } }).datadog.url).to.equal(
          'http://relay:8080',
        );
    });

    it('warns of a missing key when they are to be sent', () => {
      expect(warningsOf({ environment: { DD_COLLECT_KUBERNETES_EVENTS: 'true' } })).to.deep.equal([
        'warning: DD_COLLECT_KUBERNETES_EVENTS (environment): no event is sent: DD_API_KEY is not set',
      ]);
      expect(
        warningsOf({ environment: { DD_COLLECT_KUBERNETES_EVENTS: 'true', DD_API_KEY: apiKey } }),
      ).to.deep.equal([]);
    });

    it('takes the kinds of lock by either number, and names them when it knows none', () => {
      const resourceOf = (text: string) =>
        load({ environment: { DD_LEADER_ELECTION_DEFAULT_RESOURCE: text } }).leaderElection.resource;
      expect(['leases', 'ConfigMaps', 'endpoints', 'configmapsleases'].map(resourceOf)).to.deep.equal([
        'lease',
        'configmap',
        'endpoints',
        'configmapsleases',
      ]);
    });
  });

  describe('of external metrics', () => {
    const keys = { DD_API_KEY: apiKey, DD_APP_KEY: appKey, DD_EXTERNAL_METRICS_PROVIDER_ENABLED: '1' };

    it('allows three rollups whatever the maximum age says, and names the bound in effect', () => {
      const scene = { environment: { ...keys, DD_EXTERNAL_METRICS_PROVIDER_ROLLUP: '60' } };
      expect(load(scene).externalMetrics.maxAgeSeconds).to.equal(180);
      expect(warningsOf(scene)).to.deep.equal([
        'warning: DD_EXTERNAL_METRICS_PROVIDER_MAX_AGE (default): 90 s is less than three rollups of 60 s; the bound in effect is 180 s',
      ]);
    });

    it('uses the general address and keys unless it has its own', () => {
      const general = load({ environment: { ...keys, DD_SITE: 'datadoghq.eu' } }).externalMetrics;
      expect(general).to.include({ endpoint: 'https://api.datadoghq.eu', apiKey, appKey });
      const own = load({
        environment: {
          ...keys,
          DD_EXTERNAL_METRICS_PROVIDER_ENDPOINT: 'http://127.0.0.1:1/',
          DD_EXTERNAL_METRICS_PROVIDER_API_KEY: 'own-api-key',
          DD_EXTERNAL_METRICS_PROVIDER_APP_KEY: 'own-app-key',
        },
      });
      expect(own.externalMetrics).to.include({
        endpoint: 'http://127.0.0.1:1',
        apiKey: 'own-api-key',
        appKey: 'own-app-key',
      });
      expect(own.datadog).to.include({ apiKey, appKey });
    });

    it('warns of missing keys only when they are needed', () => {
      expect(warningsOf({})).to.deep.equal([]);
      const warnings = warningsOf({
        environment: { DD_EXTERNAL_METRICS_PROVIDER_ENABLED: '1', DD_API_KEY: apiKey },
      });
      expect(warnings).to.deep.equal([
        'warning: DD_APP_KEY: not set: Datadog cannot be queried without an application key, so every external metric is answered with an error',
      ]);
    });

    it('warns of keys that look swapped, without showing them', () => {
      const warnings = warningsOf({ environment: { ...keys, DD_API_KEY: appKey, DD_APP_KEY: apiKey } });
      expect(warnings).to.deep.equal([
        'warning: DD_API_KEY (environment): has the form of an application key; are the two keys swapped?',
        'warning: DD_APP_KEY (environment): has the form of an API key; are the two keys swapped?',
      ]);
    });

    it('warns of windows and periods under which no value would last', () => {
      const short = {
        DD_EXTERNAL_METRICS_BUCKET_SIZE: '59',
        DD_EXTERNAL_METRICS_PROVIDER_REFRESH_PERIOD: '90',
      };
      expect(warningsOf({ environment: { ...keys, ...short } })).to.deep.equal([
        'warning: DD_EXTERNAL_METRICS_BUCKET_SIZE (environment): 59 s holds less than two rollups of 30 s, so a query may find no complete point',
        'warning: DD_EXTERNAL_METRICS_PROVIDER_REFRESH_PERIOD (environment): 90 s is not under the maximum age of 90 s, so values expire between two refreshes',
      ]);
    });
  });

  it('knows all its secrets', () => {
    const secrets = secretsOf(
      load({
        yaml: `api_key: ${apiKey}\napp_key: ${appKey}\nproxy:\n  http: http://bob:p%40ss@proxy:1\n`,
        environment: {
          DD_CLUSTER_AGENT_AUTH_TOKEN: 'T0ken'.repeat(8),
          DD_EXTERNAL_METRICS_PROVIDER_APP_KEY: 'other-key',
        },
      }),
    );
    expect([...new Set(secrets)]).to.have.members([
      apiKey,
      appKey,
      'other-key',
      'T0ken'.repeat(8),
      'p%40ss',
      'p@ss',
    ]);
  });
});
