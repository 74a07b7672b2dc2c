import { hostNameParser, labelParser, objectNameParser, pathParser } from './name-parsers.js';
import { booleanParser, durationParser, oneOfParser } from './parser.js';
import { optional, setting } from './setting.js';

/** How the cluster is reached and watched. */
export const kubernetesSettings = {
  title: 'Kubernetes',
  rows: {
    namespace: setting({
      environment: ['DD_KUBE_RESOURCES_NAMESPACE'],
      yaml: ['kube_resources_namespace'],
      flag: { name: 'namespace', argument: 'name' },
      default: 'default',
      defaultFrom: 'namespace',
      defaultNote: "the namespace of the pod's service account, else default",
      parser: labelParser,
      help: 'Namespace of the objects that this agent keeps: the ConfigMaps, the lease, the certificate.',
    }),
    kubeconfigPath: optional({
      environment: ['DD_KUBERNETES_KUBECONFIG_PATH'],
      yaml: ['kubernetes_kubeconfig_path'],
      flag: { name: 'kubeconfig', argument: 'path' },
      defaultNote: "the pod's service account",
      parser: pathParser,
      help: 'Kubeconfig file, for running outside a cluster.',
    }),
    podName: setting({
      environment: ['DD_POD_NAME'],
      yaml: ['pod_name'],
      default: 'localhost',
      defaultFrom: 'hostName',
      defaultNote: 'the host name',
      parser: hostNameParser,
      help: 'Identity of this replica in leader election. It must differ between replicas.',
    }),
    resyncPeriodSeconds: setting({
      environment: ['DD_KUBERNETES_INFORMERS_RESYNC_PERIOD'],
      yaml: ['kubernetes_informers_resync_period'],
      default: 300,
      parser: durationParser({ lowestSeconds: 1, highestSeconds: 86_400 }),
      help: 'How often all watched objects are gone through again, in case a change was missed.',
    }),
    usesEndpointSlices: setting({
      environment: ['DD_KUBERNETES_USE_ENDPOINT_SLICES'],
      yaml: ['kubernetes_use_endpoint_slices'],
      default: true,
      parser: booleanParser,
      help: 'Read the pods behind services from EndpointSlices, or from Endpoints where these cannot be read. false: always from Endpoints, which Kubernetes cuts after 1,000 pods of a service.',
    }),
    requestTimeoutSeconds: setting({
      environment: ['DD_KUBERNETES_INFORMERS_RESTCLIENT_TIMEOUT'],
      yaml: ['kubernetes_informers_restclient_timeout'],
      default: 60,
      parser: durationParser({ lowestSeconds: 1, highestSeconds: 3_600, isWhole: true }),
      help: 'How long one watch of the Kubernetes API lasts before it is opened anew. One that stays silent 15 s longer counts as dead.',
    }),
  },
} as const;

/** Which objects the replicas may compete for. The last two hold two of them at once, to move from one to the other. */
export const lockResources = [
  'lease',
  'configmap',
  'endpoints',
  'configmapsleases',
  'endpointsleases',
] as const;
export type LockResource = (typeof lockResources)[number];

/** Which of the replicas asks Datadog. */
export const leaderElectionSettings = {
  title: 'Leader election',
  rows: {
    enabled: setting({
      environment: ['DD_LEADER_ELECTION'],
      yaml: ['leader_election'],
      default: false,
      defaultNote: 'true when events or external metrics are on, else false',
      parser: booleanParser,
      help: 'Elect one leader among the replicas. Set to false by hand, this replica counts as the leader and must be the only one.',
    }),
    leaseSeconds: setting({
      environment: ['DD_LEADER_LEASE_DURATION'],
      yaml: ['leader_lease_duration'],
      default: 60,
      parser: durationParser({ lowestSeconds: 1, highestSeconds: 3_600, isWhole: true }),
      help: 'How long a leader that has fallen silent keeps the others waiting. 30 s or less gives a warning: a slow Kubernetes API then moves the lead.',
    }),
    resource: setting<LockResource>({
      environment: ['DD_LEADER_ELECTION_DEFAULT_RESOURCE'],
      yaml: ['leader_election_default_resource'],
      default: 'lease',
      parser: oneOfParser(lockResources, {
        leases: 'lease',
        configmaps: 'configmap',
      }),
      help: "Kind of that object. configmap is the original's default; configmapsleases holds a ConfigMap and a Lease at once, for the time of a move from one to the other.",
    }),
    leaseName: setting({
      environment: ['DD_LEADER_LEASE_NAME'],
      yaml: ['leader_lease_name'],
      default: 'datadog-leader-election',
      parser: objectNameParser,
      help: 'Name of the object that the replicas compete for.',
    }),
  },
} as const;

/** How the external metrics port proves to kube-apiserver who it is. */
export const certificateSettings = {
  title: 'Serving certificate',
  yamlPrefix: 'external_metrics_provider.',
  rows: {
    directory: optional({
      environment: ['DD_EXTERNAL_METRICS_PROVIDER_CERTIFICATE_DIR'],
      yaml: ['external_metrics_provider.certificate_dir'],
      defaultNote: 'an own CA, kept in a Secret',
      parser: pathParser,
      help: 'Folder with tls.crt, tls.key and ca.crt, such as a mounted Secret of cert-manager; re-read on change. When it is set, no certificate is made and no Secret is written.',
    }),
    serviceName: setting({
      environment: ['DD_EXTERNAL_METRICS_PROVIDER_SERVICE_NAME'],
      yaml: ['external_metrics_provider.service_name'],
      default: 'datadog-custom-metrics-server',
      parser: labelParser,
      help: 'Service in front of the external metrics port; the names in the certificate are made from it.',
    }),
    secretName: setting({
      environment: ['DD_EXTERNAL_METRICS_PROVIDER_CERTIFICATE_SECRET'],
      yaml: ['external_metrics_provider.certificate_secret'],
      default: 'datadog-custom-metrics-server-cert',
      parser: objectNameParser,
      help: 'Secret in which the own CA and certificate are kept, for all replicas.',
    }),
  },
} as const;
