import { objectNameParser } from './name-parsers.js';
import { booleanParser, wordsParser } from './parser.js';
import { setting } from './setting.js';

/** What the leader tells Datadog of the cluster besides metrics. */
export const eventsSettings = {
  title: 'Events and control plane',
  rows: {
    collect: setting({
      environment: ['DD_COLLECT_KUBERNETES_EVENTS'],
      yaml: ['collect_kubernetes_events'],
      default: false,
      parser: booleanParser,
      help: 'Send the events of the cluster to Datadog; the leader does. It needs DD_API_KEY.',
    }),
    tokenName: setting({
      environment: ['DD_CLUSTER_AGENT_TOKEN_NAME'],
      yaml: ['cluster_agent.token_name'],
      default: 'datadogtoken',
      parser: objectNameParser,
      help: 'ConfigMap that keeps up to which event Datadog has got them. It is made when it is absent.',
    }),
    filteredTypes: setting<readonly string[]>({
      environment: ['DD_KUBERNETES_EVENTS_FILTERED_TYPES'],
      yaml: ['filtered_event_types'],
      default: [],
      parser: wordsParser,
      help: 'Reasons of events that are not sent, such as "Scheduled Pulling".',
    }),
    unbundle: setting({
      environment: ['DD_KUBERNETES_EVENTS_UNBUNDLE'],
      yaml: ['unbundle_events'],
      default: false,
      parser: booleanParser,
      help: 'Send each event of Kubernetes as one of Datadog. Else those of the same object and type that come within a few seconds make one.',
    }),
    checksControlPlane: setting({
      environment: ['DD_KUBE_APISERVER_CONTROL_PLANE_CHECKS'],
      yaml: ['kube_apiserver_control_plane_checks'],
      default: true,
      parser: booleanParser,
      help: 'Send the service check kube_apiserver_controlplane.up every 15 s; the leader does. It needs DD_API_KEY, and a leader: an election, or external metrics or events.',
    }),
    usesComponentStatus: setting({
      environment: ['DD_KUBE_APISERVER_USE_COMPONENT_STATUS'],
      yaml: ['kube_apiserver_use_component_status'],
      default: true,
      parser: booleanParser,
      help: 'Read the state of the control plane from componentstatuses, which Kubernetes has deprecated, or from /readyz where they cannot be read. false: always from /readyz.',
    }),
  },
} as const;
