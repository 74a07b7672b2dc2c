import { type ObjectDraft, toTimestamp } from '../cluster/object.js';
import type { NodePlace } from './node.js';

/** A pod behind a service. */
export interface Endpoint {
  readonly pod: string;
  readonly uid: string;
  readonly address: string;
  readonly node: NodePlace;
  readonly isReady: boolean;
}

/** A service whose pods the slices name. It is in the namespace of its pods. */
export interface ServicePlace {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Some of the pods of one service, at one moment. */
export interface Slice {
  readonly service: ServicePlace;
  readonly name: string;
  readonly uid: string;
  readonly endpoints: readonly Endpoint[];
  /** Counts its states from 1. */
  readonly generation: number;
}

const bornAtMs = Date.UTC(2026, 0, 5, 9);
const managedFields = [
  {
    manager: 'kube-controller-manager',
    operation: 'Update',
    apiVersion: 'discovery.k8s.io/v1',
    time: toTimestamp(bornAtMs),
    fieldsType: 'FieldsV1',
    fieldsV1: {
      'f:addressType': {},
      'f:endpoints': {},
      'f:metadata': {
        'f:annotations': { '.': {}, 'f:endpoints.kubernetes.io/last-change-trigger-time': {} },
        'f:generateName': {},
        'f:labels': {
          '.': {},
          'f:app.kubernetes.io/name': {},
          'f:endpointslice.kubernetes.io/managed-by': {},
          'f:kubernetes.io/service-name': {},
        },
        'f:ownerReferences': { '.': {} },
      },
      'f:ports': {},
    },
  },
];

/** The EndpointSlice, as the controller of Kubernetes writes it. */
export function toEndpointSlice(slice: Slice): ObjectDraft {
  const { service, endpoints } = slice;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: toMetadata(slice),
    addressType: 'IPv4',
    endpoints: endpoints.map((endpoint) => toWire(endpoint, service.namespace)),
    ports: [
      { name: 'http', port: 8080, protocol: 'TCP' },
      { name: 'metrics', port: 9090, protocol: 'TCP' },
    ],
  };
}

function toMetadata({ service, name, uid, generation }: Slice): ObjectDraft['metadata'] {
  return {
    name,
    generateName: `${service.name}-`,
    namespace: service.namespace,
    uid,
    generation,
    creationTimestamp: toTimestamp(bornAtMs),
    labels: {
      'app.kubernetes.io/name': service.name,
      'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
      'kubernetes.io/service-name': service.name,
    },
    annotations: {
      'endpoints.kubernetes.io/last-change-trigger-time': toTimestamp(bornAtMs + generation * 1000),
    },
    ownerReferences: [
      {
        apiVersion: 'v1',
        kind: 'Service',
        name: service.name,
        uid: service.uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
    managedFields,
  };
}

function toWire({ pod, uid, address, node, isReady }: Endpoint, namespace: string): object {
  return {
    addresses: [address],
    conditions: { ready: isReady, serving: isReady, terminating: false },
    nodeName: node.name,
    targetRef: { kind: 'Pod', namespace, name: pod, uid },
    zone: node.zone,
  };
}
