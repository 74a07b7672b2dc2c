import { endpointParser, keyParser, objectNameParser } from './name-parsers.js';
import { booleanParser, durationParser, oneOfParser, portParser, wholeNumberParser } from './parser.js';
import { optional, setting } from './setting.js';

/** How Datadog combines the series of one query. */
export const aggregators = ['avg', 'sum', 'max', 'min'] as const;
export type Aggregator = (typeof aggregators)[number];

const day = 86_400;

/** What is asked of Datadog for autoscalers, how often, and how it is served. */
export const externalMetricsSettings = {
  title: 'External metrics',
  yamlPrefix: 'external_metrics_provider.',
  rows: {
    enabled: setting({
      environment: ['DD_EXTERNAL_METRICS_PROVIDER_ENABLED'],
      yaml: ['external_metrics_provider.enabled'],
      default: false,
      parser: booleanParser,
      help: 'Serve Datadog metrics to HorizontalPodAutoscalers as external.metrics.k8s.io.',
    }),
    port: setting({
      environment: ['DD_EXTERNAL_METRICS_PROVIDER_PORT'],
      yaml: ['external_metrics_provider.port'],
      default: 443,
      parser: portParser,
      help: 'TLS port of the external metrics API. A port under 1024 needs root or the NET_BIND_SERVICE capability on some container runtimes.',
    }),
    refreshPeriodSeconds: setting({
      environment: ['DD_EXTERNAL_METRICS_PROVIDER_REFRESH_PERIOD'],
      yaml: ['external_metrics_provider.refresh_period'],
      default: 30,
      parser: durationParser({ lowestSeconds: 0.1, highestSeconds: 3_600 }),
      help: 'How often the leader asks Datadog for all wanted metrics.',
    }),
    batchWindowSeconds: setting({
      environment: ['DD_EXTERNAL_METRICS_PROVIDER_BATCH_WINDOW', 'DD_EXTERNAL_METRICS_BATCH_WINDOW'],
      yaml: ['external_metrics_provider.batch_window', 'external_metrics.batch_window'],
      default: 10,
      parser: durationParser({ lowestSeconds: 0, highestSeconds: 600 }),
      help: 'New autoscalers that follow a first one within this time are asked for together, out of turn.',
    }),
    maxAgeSeconds: setting({
      environment: ['DD_EXTERNAL_METRICS_PROVIDER_MAX_AGE', 'DD_EXTERNAL_METRICS_MAX_AGE'],
      yaml: ['external_metrics_provider.max_age', 'external_metrics.max_age'],
      default: 90,
      parser: durationParser({ lowestSeconds: 1, highestSeconds: day }),
      help: 'A data point older than this is not served. Three rollups are always allowed, whatever this says.',
    }),
    aggregator: setting<Aggregator>({
      environment: ['DD_EXTERNAL_METRICS_AGGREGATOR', 'DD_EXTERNAL_METRICS_PROVIDER_AGGREGATOR'],
      yaml: ['external_metrics.aggregator', 'external_metrics_provider.aggregator'],
      default: 'avg',
      parser: oneOfParser(aggregators),
      help: 'How Datadog combines the sources that a query matches into one value.',
    }),
    rollupSeconds: setting({
      environment: ['DD_EXTERNAL_METRICS_PROVIDER_ROLLUP'],
      yaml: ['external_metrics_provider.rollup'],
      default: 30,
      parser: durationParser({ lowestSeconds: 1, highestSeconds: day, isWhole: true }),
      help: 'Width of the time buckets that Datadog answers with: the N of .rollup(N).',
    }),
    bucketSizeSeconds: setting({
      environment: ['DD_EXTERNAL_METRICS_PROVIDER_BUCKET_SIZE', 'DD_EXTERNAL_METRICS_BUCKET_SIZE'],
      yaml: ['external_metrics_provider.bucket_size', 'external_metrics.bucket_size'],
      default: 300,
      parser: durationParser({ lowestSeconds: 1, highestSeconds: day, isWhole: true }),
      help: 'How far a query looks back. It should hold several rollups, so that a late point is still found.',
    }),
    chunkSize: setting({
      environment: ['DD_EXTERNAL_METRICS_PROVIDER_CHUNK_SIZE'],
      yaml: ['external_metrics_provider.chunk_size'],
      default: 35,
      parser: wholeNumberParser(1, 35),
      help: 'Most queries in one request to Datadog.',
    }),
    maxParallelQueries: setting({
      environment: ['DD_EXTERNAL_METRICS_PROVIDER_MAX_PARALLEL_QUERIES'],
      yaml: ['external_metrics_provider.max_parallel_queries'],
      default: 10,
      parser: wholeNumberParser(1, 300),
      help: 'Most requests to Datadog under way at once.',
    }),
    queryTimeoutSeconds: setting({
      environment: ['DD_EXTERNAL_METRICS_PROVIDER_QUERY_TIMEOUT'],
      yaml: ['external_metrics_provider.query_timeout'],
      default: 10,
      parser: durationParser({ lowestSeconds: 0.1, highestSeconds: 300 }),
      help: 'How long one request to Datadog may take before it is given up.',
    }),
    firstRecordWaitSeconds: setting({
      environment: ['DD_EXTERNAL_METRICS_PROVIDER_FIRST_RECORD_WAIT'],
      yaml: ['external_metrics_provider.first_record_wait'],
      default: 2,
      parser: durationParser({ lowestSeconds: 0, highestSeconds: 30 }),
      help: 'How long a request for a metric that was never read yet waits for its first value. 0 answers at once.',
    }),
    localCopyRefreshSeconds: setting({
      environment: [
        'DD_EXTERNAL_METRICS_PROVIDER_LOCAL_COPY_REFRESH_RATE',
        'DD_EXTERNAL_METRICS_LOCAL_COPY_REFRESH_RATE',
      ],
      yaml: ['external_metrics_provider.local_copy_refresh_rate', 'external_metrics.local_copy_refresh_rate'],
      default: 30,
      parser: durationParser({ lowestSeconds: 0.1, highestSeconds: 3_600 }),
      help: 'Replicas learn of new values by a watch; they also read the shared ConfigMaps this often, in case the watch is silent.',
    }),
    configMapName: setting({
      environment: ['DD_HPA_CONFIGMAP_NAME'],
      yaml: ['hpa_configmap_name'],
      default: 'datadog-custom-metrics',
      parser: objectNameParser,
      help: 'Name of the ConfigMap through which the leader shares values with all replicas; further ones get a number at the end.',
    }),
    endpoint: optional({
      environment: ['DD_EXTERNAL_METRICS_PROVIDER_ENDPOINT'],
      yaml: ['external_metrics_provider.endpoint'],
      defaultNote: 'https://api.<site>',
      parser: endpointParser,
      help: 'Where external metrics are queried, if not at the API host of the site.',
      secret: 'credentials',
    }),
    apiKey: optional({
      environment: ['DD_EXTERNAL_METRICS_PROVIDER_API_KEY'],
      yaml: ['external_metrics_provider.api_key'],
      defaultNote: 'that of api_key',
      parser: keyParser,
      help: 'API key for external metrics, if it is another one.',
      secret: 'tail',
    }),
    appKey: optional({
      environment: ['DD_EXTERNAL_METRICS_PROVIDER_APP_KEY'],
      yaml: ['external_metrics_provider.app_key'],
      defaultNote: 'that of app_key',
      parser: keyParser,
      help: 'Application key for external metrics, if it is another one.',
      secret: 'tail',
    }),
  },
} as const;
