import type { ChartCase } from './renderings.js';

const anAuthority = '-----BEGIN CERTIFICATE-----\nMIIBsjCCAVg=\n-----END CERTIFICATE-----\n';

const everything = {
  commonLabels: { team: 'platform' },
  image: {
    repository: 'registry.example.com/dca',
    tag: `1.0.0@sha256:${'a'.repeat(64)}`,
    pullPolicy: 'Always',
  },
  imagePullSecrets: [{ name: 'registry' }],
  replicaCount: 3,
  datadog: { site: 'datadoghq.eu', apiKey: 'a'.repeat(32), appKey: 'b'.repeat(40) },
  clusterAgent: { token: { value: 'c'.repeat(32) } },
  config: {
    log_level: 'debug',
    leader_lease_duration: 45,
    external_metrics_provider: { refresh_period: 15, max_age: 180, chunk_size: 20 },
    proxy: { https: 'http://proxy.example.com:3128', no_proxy: ['localhost', '.internal'] },
  },
  env: { DD_EXTERNAL_METRICS_AGGREGATOR: 'max' },
  extraEnv: [{ name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
  extraEnvFrom: [{ configMapRef: { name: 'more', optional: true } }],
  extraVolumes: [{ name: 'extra', emptyDir: { sizeLimit: '1Mi' } }],
  extraVolumeMounts: [{ name: 'extra', mountPath: '/extra' }],
  apiService: { annotations: { owner: 'platform' } },
  events: { enabled: true },
  serviceAccount: { name: 'metrics', annotations: { 'example.com/role': 'none' } },
  ports: { metrics: 9443, agent: 9005, health: 9555, telemetry: 9000 },
  resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '512Mi' } },
  shutdown: { delaySeconds: 10, drainSeconds: 30 },
  terminationGracePeriodSeconds: 60,
  deploymentAnnotations: { note: 'a' },
  podAnnotations: { note: 'b' },
  podLabels: { tier: 'control' },
  nodeSelector: { 'kubernetes.io/os': 'linux' },
  tolerations: [{ key: 'dedicated', operator: 'Exists', effect: 'NoSchedule' }],
  affinity: {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        {
          weight: 100,
          podAffinityTerm: {
            topologyKey: 'kubernetes.io/hostname',
            labelSelector: { matchLabels: { a: 'b' } },
          },
        },
      ],
    },
  },
  topologySpreadConstraints: [],
  priorityClassName: 'system-cluster-critical',
  dnsPolicy: 'ClusterFirst',
  livenessProbe: { timeoutSeconds: 3, failureThreshold: 4 },
  podDisruptionBudget: { minAvailable: '50%' },
  serviceMonitor: { enabled: true, labels: { release: 'prometheus' }, interval: '15s' },
  extraObjects: [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: '{{ .Release.Name }}-map', namespace: '{{ .Release.Namespace }}' },
    },
    'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ include "dca.fullname" . }}-text\n  namespace: {{ .Release.Namespace }}\n',
  ],
};

/** The ways to use the chart that are rendered, linted and tried. */
export const chartCases: readonly ChartCase[] = [
  { title: 'default values', values: {} },
  { title: 'another release name', release: 'dca', values: {} },
  { title: 'everything on', release: 'full', values: everything },
  {
    title: 'everything off',
    values: {
      apiService: { create: false },
      externalMetricsReader: { create: false },
      serviceAccount: { create: false, name: 'by-hand' },
      rbac: { create: false },
      podDisruptionBudget: { enabled: false },
      networkPolicy: { enabled: false },
      topologySpreadConstraints: [],
      resources: {},
    },
  },
  { title: 'one replica', values: { replicaCount: 1 } },
  { title: 'a full name of 63 characters', values: { fullnameOverride: `long-${'x'.repeat(58)}` } },
  {
    title: 'Secrets that exist',
    values: {
      datadog: { existingSecret: 'my-keys' },
      clusterAgent: { token: { existingSecret: 'my-token' } },
    },
  },
  {
    title: 'a certificate that exists',
    values: {
      certificate: {
        mode: 'existingSecret',
        existingSecret: { name: 'my-certificate', caBundle: anAuthority },
      },
    },
  },
  {
    title: 'cert-manager with an authority of its own',
    values: { certificate: { mode: 'certManager' } },
  },
  {
    title: 'cert-manager with an issuer that exists',
    values: {
      certificate: {
        mode: 'certManager',
        certManager: { issuerRef: { name: 'company', kind: 'ClusterIssuer' }, duration: '720h' },
      },
    },
  },
  {
    title: 'a second release in the namespace',
    release: 'second',
    values: { names: { scheme: 'release' }, apiService: { create: false } },
  },
  ...['configmap', 'endpoints', 'configmapsleases', 'endpointsleases'].map((resource) => ({
    title: `a lock of the kind ${resource}`,
    values: { leaderElection: { resource } },
  })),
  {
    title: 'names of its own',
    values: {
      nameOverride: 'agent',
      names: {
        metricsConfigMap: 'my-metrics',
        lease: 'my-lease',
        certificateSecret: 'my-cert',
        metricsService: 'my-api',
        tokenSecret: 'my-own-token',
        eventsConfigMap: 'my-position',
      },
      events: { enabled: true },
      controlPlaneChecks: { enabled: false },
    },
  },
  {
    title: 'the network of the node',
    values: {
      hostNetwork: true,
      dnsPolicy: 'ClusterFirstWithHostNet',
      ports: { metrics: 18443, agent: 15005 },
    },
    warning: 'Warning: would violate PodSecurity "restricted:latest": host namespaces (hostNetwork=true)',
  },
];

/** Values that must be refused, and what the complaint must say. */
export interface BadValues {
  readonly title: string;
  readonly values: object;
  readonly complaint: RegExp;
}

/** What the schema refuses, naming the value. */
export const againstSchema: readonly BadValues[] = [
  {
    title: 'a misspelt value',
    values: { replicaCuont: 2 },
    complaint: /'replicaCuont' not allowed/,
  },
  {
    title: 'a misspelt value further down',
    values: { certificate: { certManager: { issuer: 'x' } } },
    complaint: /'\/certificate\/certManager'.*'issuer' not allowed/,
  },
  {
    title: 'a text for a number',
    values: { replicaCount: 'two' },
    complaint: /'\/replicaCount': got string, want integer/,
  },
  {
    title: 'an unknown choice',
    values: { certificate: { mode: 'magic' } },
    complaint: /'\/certificate\/mode': value must be one of 'generated', 'existingSecret', 'certManager'/,
  },
  {
    title: 'a URL for the site',
    values: { datadog: { site: 'https://app.datadoghq.com' } },
    complaint: /'\/datadog\/site'/,
  },
  {
    title: 'a token that is too short',
    values: { clusterAgent: { token: { value: 'short' } } },
    complaint: /'\/clusterAgent\/token\/value': minLength: got 5, want 32/,
  },
  {
    title: 'a number for a variable',
    values: { env: { DD_X: 1 } },
    complaint: /'\/env\/DD_X': got number, want string/,
  },
  {
    title: 'an unknown kind of lock',
    values: { leaderElection: { resource: 'secret' } },
    complaint: /'\/leaderElection\/resource': value must be one of 'lease', 'configmap'/,
  },
  { title: 'a port out of range', values: { ports: { metrics: 70_000 } }, complaint: /'\/ports\/metrics'/ },
  {
    title: 'a bundle that is no PEM',
    values: { certificate: { existingSecret: { caBundle: 'MIIB' } } },
    complaint: /'\/certificate\/existingSecret\/caBundle'/,
  },
];

/** What each schema allows alone, and the chart refuses together. */
export const againstSense: readonly BadValues[] = [
  {
    title: 'keys and a Secret of keys',
    values: { datadog: { apiKey: 'a', appKey: 'b', existingSecret: 'x' } },
    complaint: /datadog\.existingSecret is given together with/,
  },
  {
    title: 'one key without the other',
    values: { datadog: { apiKey: 'a' } },
    complaint: /datadog\.apiKey is given without datadog\.appKey/,
  },
  {
    title: 'a token and a Secret of a token',
    values: { clusterAgent: { token: { value: 'c'.repeat(32), existingSecret: 'x' } } },
    complaint: /clusterAgent\.token\.value and clusterAgent\.token\.existingSecret are both given/,
  },
  {
    title: 'an existing certificate without a name',
    values: { certificate: { mode: 'existingSecret' } },
    complaint: /certificate\.existingSecret\.name is empty/,
  },
  {
    title: 'an existing certificate without an authority',
    values: { certificate: { mode: 'existingSecret', existingSecret: { name: 'x' } } },
    complaint:
      /certificate\.existingSecret\.caBundle is empty, and no Secret datadog\/x with a ca\.crt can be read/,
  },
  {
    title: 'an existing certificate in another mode',
    values: { certificate: { existingSecret: { name: 'x' } } },
    complaint: /certificate\.existingSecret\.name is given, but certificate\.mode is generated/,
  },
  {
    title: 'an issuer in another mode',
    values: { certificate: { certManager: { issuerRef: { name: 'x' } } } },
    complaint: /certificate\.certManager\.issuerRef\.name is given, but certificate\.mode is generated/,
  },
  {
    title: 'a setting that the chart makes itself',
    values: { config: { external_metrics_provider: { port: 9443 } } },
    complaint:
      /config\.external_metrics_provider\.port is made by the chart; the value for it is: ports\.metrics/,
  },
  {
    title: 'a kind of lock that no right is granted for',
    values: { config: { leader_election_default_resource: 'configmap' } },
    complaint: /config\.leader_election_default_resource is made by the chart; .*: leaderElection\.resource/,
  },
  {
    title: 'a key in the ConfigMap',
    values: { config: { api_key: 'a' } },
    complaint: /config\.api_key is made by the chart; the value for it is: datadog\.apiKey/,
  },
  {
    title: 'the port of node agents beside its value',
    values: { config: { cluster_agent: { cmd_port: 5006 } } },
    complaint: /config\.cluster_agent\.cmd_port is made by the chart; the value for it is: ports\.agent/,
  },
  {
    title: 'a token file where nothing can be written',
    values: { env: { DD_AUTH_TOKEN_FILE_PATH: '/etc/datadog-agent/auth_token' } },
    complaint: /the variable DD_AUTH_TOKEN_FILE_PATH comes twice/,
  },
  {
    title: 'a way to pods that no right is granted for',
    values: { config: { kubernetes_use_endpoint_slices: false } },
    complaint: /config\.kubernetes_use_endpoint_slices is made by the chart/,
  },
  {
    title: 'a variable that the chart sets itself',
    values: { env: { DD_SITE: 'datadoghq.eu' } },
    complaint: /the variable DD_SITE comes twice/,
  },
  {
    title: 'a variable given twice',
    values: { env: { A: 'b' }, extraEnv: [{ name: 'A', value: 'c' }] },
    complaint: /the variable A comes twice/,
  },
  {
    title: 'a grace period that is too short',
    values: { terminationGracePeriodSeconds: 30 },
    complaint: /terminationGracePeriodSeconds is 30; .* need 40/,
  },
  {
    title: 'a budget that blocks every drain',
    values: { podDisruptionBudget: { minAvailable: 2 } },
    complaint: /podDisruptionBudget\.minAvailable is 2 of 2 replicas/,
  },
  {
    title: 'rights for everybody',
    values: { serviceAccount: { create: false } },
    complaint: /the rights would go to the service account `default`/,
  },
];
