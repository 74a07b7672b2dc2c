import type { CertificateSource } from '../certs/source.js';
import type { ExplainSource } from '../cmdapi/explain-routes.js';
import { Forwarder } from '../cmdapi/forwarder.js';
import { advertisedVersion } from '../cmdapi/process-routes.js';
import { createCommandApi } from '../cmdapi/server.js';
import type { StatusReport } from '../cmdapi/status/report.js';
import { Token } from '../cmdapi/token.js';
import type { Component } from '../core/component.js';
import { Patient } from '../core/patient.js';
import type { HealthCheck, HealthReport } from '../http/health-app.js';
import { TlsListener } from '../http/listener.js';
import type { ListenerMetrics } from '../http/listener-metrics.js';
import { ConfigMapShards } from '../kube/configmap.js';
import { EndpointGroups } from '../kube/endpoint-groups.js';
import { reflectFacts } from '../kube/object-facts.js';
import { ServiceAddresses } from '../kube/service-addresses.js';
import { ClusterId } from '../metadata/cluster-id.js';
import { Directory } from '../metadata/directory.js';
import { Mapping } from '../metadata/mapping.js';
import { certifiedName } from './certificate.js';
import type { ClusterPorts, WatchTimes } from './cluster.js';
import { buildExplainer, type CorridorInsight } from './explain.js';
import { buildFlareFacts } from './flare.js';
import type { AppInputs } from './inputs.js';
import type { Leadership } from './leadership.js';
import { reflectorStatus } from './reflector-status.js';
import type { NodeStatusParts } from './status.js';

/** What this side stands on. */
export interface NodeSidePorts {
  readonly cluster: ClusterPorts;
  readonly times: WatchTimes;
  readonly leadership: Leadership;
  readonly certificate: CertificateSource;
  readonly metrics: ListenerMetrics;
  /** All that is to be known of this replica, given what this side knows. */
  readonly status: (own: NodeStatusParts) => StatusReport;
  readonly readiness: () => HealthReport;
  /** Of the side of external metrics, where there is one. */
  readonly insight: CorridorInsight | undefined;
}

/** The metadata of the cluster and the API that tells it to node agents and operators, at rest. */
export interface NodeSide {
  readonly listener: TlsListener;
  readonly standing: readonly Component[];
  readonly checks: readonly HealthCheck[];
  /** Since each thing that is watched was last heard of. */
  readonly silences: Readonly<Record<string, () => number>>;
  /** All that is to be known of this replica. */
  readonly report: () => StatusReport;
  /** `undefined` where external metrics are turned off. */
  readonly explainer: ExplainSource | undefined;
  /** The replicas behind the Service. */
  readonly replicas: () => ReturnType<ServiceAddresses['pods']>;
  readonly close: () => Promise<void>;
}

/** How long the metadata may keep a starting replica from being ready; a right that is missing must not for ever. */
const patienceMs = 30_000;
/** A watch that works is heard of each minute. */
const maxSilenceMs = 120_000;
/**
 * A node agent keeps one connection, and asks at once on a new one. Five thousand of them, with some that reconnect, fit
 * into the shipped memory limit; without a bound anybody's idle connections would end the replica.
 */
const limits = { maxConnections: 6_000, headerReadMs: 10_000 };
/** The name of the port in the shipped Service. */
const portName = 'agentport';

export function buildNodeSide(inputs: AppInputs, ports: NodeSidePorts): NodeSide {
  const { config, clock, log, registry } = inputs;
  const { leadership, certificate } = ports;
  const metadata = buildMetadata(inputs, ports);
  const { directory, clusterId } = metadata;
  const { namespace } = config.kubernetes;
  const service = config.clusterAgent.serviceName;
  const addresses = new ServiceAddresses(ports.cluster, {
    ...ports.times,
    ...endpointKind(inputs),
    namespace,
    service,
    portName,
  });
  const forwarder = new Forwarder(
    { leadership, addresses, trust: certificate, clock, log, registry },
    { service: `${namespace}/${service}`, serverName: certifiedName(inputs) },
  );
  const own: NodeStatusParts = {
    metadata: () => ({ ...directory.describe(), clusterId: clusterId.current() ?? null }),
    reflectors: () => [...metadata.reflectors(), reflectorStatus('replica addresses', addresses, null)],
    listener: () => listener.describe(),
  };
  const { insight } = ports;
  const explainer = insight && buildExplainer(inputs, { ...ports, insight, forwarder });
  const handler = createCommandApi({
    explainer,
    directory,
    clusterId: () => clusterId.current(),
    hostname: config.datadog.hostname ?? config.kubernetes.podName,
    version: advertisedVersion(inputs),
    status: () => ports.status(own),
    health: ports.readiness,
    flare: buildFlareFacts(inputs),
    tokens: { agents: new Token(inputs.tokens.agents), local: new Token(inputs.tokens.local) },
    forwarder,
    registry,
    clock,
    log,
  });
  const listener = new TlsListener(
    { certificate, handler, clock, log, metrics: ports.metrics },
    {
      name: 'command-api',
      port: config.clusterAgent.commandPort,
      portSetting: 'DD_CLUSTER_AGENT_CMD_PORT',
      noticeMs: config.process.shutdownDelaySeconds * 1000,
      drainMs: config.process.drainSeconds * 1000,
      limits,
    },
  );
  const patient = (part: Component): Patient => new Patient({ part, clock }, { patienceMs });
  const standing = [...metadata.parts.map(patient), patient(clusterId), addresses];
  return {
    listener,
    standing,
    checks: [...standing, listener],
    silences: { ...metadata.silences, 'replica-addresses': () => addresses.staleForMs() },
    report: () => ports.status(own),
    explainer,
    replicas: () => addresses.pods(),
    close: () => forwarder.close(),
  };
}

/** What is known of the cluster's nodes, namespaces and services. */
function buildMetadata(inputs: AppInputs, { cluster, times }: NodeSidePorts) {
  const { config, clock, log } = inputs;
  const nodes = reflectFacts(cluster, {
    ...times,
    name: 'nodes',
    kind: { api: '/api/v1', resource: 'nodes' },
  });
  const namespaces = reflectFacts(cluster, {
    ...times,
    name: 'namespaces',
    kind: { api: '/api/v1', resource: 'namespaces' },
  });
  const mapping = new Mapping();
  const endpoints = config.clusterAgent.mapMetadata
    ? new EndpointGroups({ ...cluster, recipient: mapping }, { ...times, ...endpointKind(inputs) })
    : undefined;
  const directory = new Directory(
    { nodes, namespaces, services: endpoints && { mapping, endpoints } },
    { maxSilenceMs },
  );
  const clusterId = new ClusterId(
    {
      box: new ConfigMapShards(cluster, { ...times, namespace: config.kubernetes.namespace }),
      systemUid: () => namespaces.items().get('kube-system')?.uid,
      clock,
      log,
      random: cluster.random,
    },
    { checkMs: times.resyncMs },
  );
  return {
    directory,
    clusterId,
    parts: [nodes, namespaces, ...(endpoints === undefined ? [] : [endpoints])],
    reflectors: () => [
      reflectorStatus('nodes', nodes, nodes.items().size),
      reflectorStatus('namespaces', namespaces, namespaces.items().size),
      ...(endpoints === undefined
        ? []
        : [reflectorStatus('groups of endpoints', endpoints, mapping.size().groups)]),
    ],
    silences: {
      nodes: () => nodes.staleForMs(),
      namespaces: () => namespaces.staleForMs(),
      ...(endpoints === undefined ? {} : { endpoints: () => endpoints.staleForMs() }),
    },
  };
}

function endpointKind({ config }: AppInputs): { readonly kind?: 'Endpoints' } {
  return config.kubernetes.usesEndpointSlices ? {} : { kind: 'Endpoints' };
}
