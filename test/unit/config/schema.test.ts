import { expect } from 'chai';
import { placedSettings } from '../../../config/schema.js';
import { load } from './scene.js';

describe('the schema of settings', () => {
  it('has these defaults', () => {
    const { entries: _, warnings, ...values } = load({});
    expect(warnings).to.deep.equal([]);
    expect(values).to.deep.equal({
      datadog: {
        apiKey: undefined,
        appKey: undefined,
        site: 'datadoghq.com',
        url: 'https://api.datadoghq.com',
        hostname: undefined,
        clusterName: undefined,
        tags: [],
      },
      externalMetrics: {
        enabled: false,
        port: 443,
        refreshPeriodSeconds: 30,
        batchWindowSeconds: 10,
        maxAgeSeconds: 90,
        aggregator: 'avg',
        rollupSeconds: 30,
        bucketSizeSeconds: 300,
        chunkSize: 35,
        maxParallelQueries: 10,
        queryTimeoutSeconds: 10,
        firstRecordWaitSeconds: 2,
        localCopyRefreshSeconds: 30,
        configMapName: 'datadog-custom-metrics',
        endpoint: 'https://api.datadoghq.com',
        apiKey: undefined,
        appKey: undefined,
      },
      certificate: {
        directory: undefined,
        serviceName: 'datadog-custom-metrics-server',
        secretName: 'datadog-custom-metrics-server-cert',
      },
      leaderElection: {
        enabled: false,
        leaseSeconds: 60,
        resource: 'lease',
        leaseName: 'datadog-leader-election',
      },
      kubernetes: {
        namespace: 'default',
        kubeconfigPath: undefined,
        podName: 'localhost',
        resyncPeriodSeconds: 300,
        usesEndpointSlices: true,
        requestTimeoutSeconds: 60,
      },
      proxy: { https: undefined, http: undefined, noProxy: [] },
      process: {
        logLevel: 'info',
        healthPort: 5555,
        telemetryPort: 5000,
        guiPort: 5002,
        shutdownDelaySeconds: 5,
        drainSeconds: 25,
      },
      clusterAgent: {
        commandPort: 5005,
        authToken: undefined,
        authTokenPath: '/etc/datadog-agent/cluster_agent.auth_token',
        localTokenPath: '/etc/datadog-agent/auth_token',
        serviceName: 'datadog-cluster-agent',
        mapMetadata: true,
      },
      events: {
        collect: false,
        tokenName: 'datadogtoken',
        filteredTypes: [],
        unbundle: false,
        checksControlPlane: true,
        usesComponentStatus: true,
      },
    });
  });

  it('knows every variable that operators of the original know', () => {
    const known = placedSettings().flatMap(({ setting }) => setting.environment);
    const names = `DD_API_KEY DD_APP_KEY DD_SITE DD_HOSTNAME DD_CLUSTER_NAME DD_CLUSTER_AGENT_CMD_PORT
      DD_USE_METADATA_MAPPER DD_COLLECT_KUBERNETES_EVENTS DD_LEADER_ELECTION DD_LEADER_LEASE_DURATION
      DD_CLUSTER_AGENT_AUTH_TOKEN DD_KUBE_RESOURCES_NAMESPACE DD_KUBERNETES_INFORMERS_RESYNC_PERIOD
      DD_KUBERNETES_INFORMERS_RESTCLIENT_TIMEOUT DD_EXPVAR_PORT DD_EXTERNAL_METRICS_PROVIDER_ENABLED
      DD_EXTERNAL_METRICS_PROVIDER_PORT DD_EXTERNAL_METRICS_BATCH_WINDOW DD_EXTERNAL_METRICS_MAX_AGE
      DD_EXTERNAL_METRICS_AGGREGATOR DD_EXTERNAL_METRICS_BUCKET_SIZE DD_EXTERNAL_METRICS_LOCAL_COPY_REFRESH_RATE
      DD_EXTERNAL_METRICS_PROVIDER_BATCH_WINDOW DD_EXTERNAL_METRICS_PROVIDER_MAX_AGE
      DD_EXTERNAL_METRICS_PROVIDER_BUCKET_SIZE DD_EXTERNAL_METRICS_PROVIDER_LOCAL_COPY_REFRESH_RATE
      DD_EXTERNAL_METRICS_PROVIDER_REFRESH_PERIOD DD_EXTERNAL_METRICS_PROVIDER_ROLLUP
      DD_EXTERNAL_METRICS_PROVIDER_CHUNK_SIZE DD_EXTERNAL_METRICS_PROVIDER_MAX_PARALLEL_QUERIES
      DD_EXTERNAL_METRICS_PROVIDER_ENDPOINT DD_EXTERNAL_METRICS_PROVIDER_API_KEY DD_EXTERNAL_METRICS_PROVIDER_APP_KEY
      DD_PROXY_HTTPS DD_PROXY_HTTP DD_PROXY_NO_PROXY DD_LOG_LEVEL DD_HEALTH_PORT`.split(/\s+/);
    expect(names.filter((name) => !known.includes(name))).to.deep.equal([]);
  });

  it('gives no name to two settings', () => {
    const settings = placedSettings().map(({ setting }) => setting);
    for (const names of [
      settings.flatMap(({ environment, commonEnvironment = [] }) => [...environment, ...commonEnvironment]),
      settings.flatMap(({ yaml }) => yaml),
      settings.flatMap(({ flag }) => flag?.name ?? []),
    ]) {
      expect(names.length).to.equal(new Set(names).size);
    }
  });

  it('has defaults that its own parsers accept', () => {
    for (const { path, setting } of placedSettings()) {
      if (setting.default === undefined || Array.isArray(setting.default)) continue;
      expect(setting.parser.parse(String(setting.default)), path).to.equal(setting.default);
    }
  });

  it('explains each setting in whole sentences', () => {
    for (const { path, setting } of placedSettings())
      expect(setting.help, path).to.match(/^[A-Z].{15,250}\.$/);
  });
});
