import { toText, valueAt } from './json.js';

/** A pod behind a service. */
export interface ServedPod {
  readonly name: string;
  readonly namespace: string;
  readonly node: string;
  /** Its first address. */
  readonly address: string;
  readonly isReady: boolean;
}

/** The pods behind a service, as one EndpointSlice or Endpoints object lists them; a service may have several slices. */
export interface EndpointGroup {
  readonly service: string;
  readonly namespace: string;
  readonly ports: readonly { readonly name: string; readonly port: number }[];
  readonly pods: readonly ServedPod[];
}

/** By this label Kubernetes says whose slice it is. A slice without it was made by hand and belongs to no service. */
const serviceLabel = 'kubernetes.io/service-name';

/**
 * Reads a `discovery.k8s.io/v1` EndpointSlice; `undefined` for one of no service. Endpoints that are no pods, or that say
 * no node, are left out.
 */
export function parseEndpointSlice(object: unknown): EndpointGroup | undefined {
  const metadata = valueAt(object, 'metadata');
  const service = toText(valueAt(metadata, 'labels', serviceLabel));
  const namespace = toText(valueAt(metadata, 'namespace'));
  if (service === undefined || namespace === undefined) return undefined;
  const pods = listOf(valueAt(object, 'endpoints')).flatMap((endpoint) =>
    toPod(endpoint, {
      namespace,
      address: listOf(valueAt(endpoint, 'addresses'))[0],
      // "Unknown" is to be read as ready, says the API.
      isReady: valueAt(endpoint, 'conditions', 'ready') !== false,
    }),
  );
  return { service, namespace, ports: toPorts(valueAt(object, 'ports')), pods };
}

/** Reads a core/v1 Endpoints object, which Kubernetes cuts after 1,000 addresses. */
export function parseEndpoints(object: unknown): EndpointGroup | undefined {
  const metadata = valueAt(object, 'metadata');
  const service = toText(valueAt(metadata, 'name'));
  const namespace = toText(valueAt(metadata, 'namespace'));
  if (service === undefined || namespace === undefined) return undefined;
  const subsets = listOf(valueAt(object, 'subsets'));
  const podsIn = (subset: unknown, field: string, isReady: boolean): readonly ServedPod[] =>
    listOf(valueAt(subset, field)).flatMap((endpoint) =>
      toPod(endpoint, { namespace, address: valueAt(endpoint, 'ip'), isReady }),
    );
  return {
    service,
    namespace,
    ports: subsets.flatMap((subset) => toPorts(valueAt(subset, 'ports'))),
    pods: subsets.flatMap((subset) => [
      ...podsIn(subset, 'addresses', true),
      ...podsIn(subset, 'notReadyAddresses', false),
    ]),
  };
}

function toPod(
  endpoint: unknown,
  {
    namespace,
    address,
    isReady,
  }: { readonly namespace: string; readonly address: unknown; readonly isReady: boolean },
): readonly ServedPod[] {
  const target = valueAt(endpoint, 'targetRef');
  const name = toText(valueAt(target, 'name'));
  const node = toText(valueAt(endpoint, 'nodeName'));
  if (valueAt(target, 'kind') !== 'Pod' || name === undefined || node === undefined) return [];
  const own = toText(valueAt(target, 'namespace'));
  // One text for all pods of a namespace, where each came with its own copy.
  return [
    {
      name,
      namespace: own === undefined || own === namespace ? namespace : own,
      node,
      address: toText(address) ?? '',
      isReady,
    },
  ];
}

function toPorts(value: unknown): EndpointGroup['ports'] {
  return listOf(value).flatMap((entry) => {
    const port = valueAt(entry, 'port');
    return typeof port === 'number' ? [{ name: toText(valueAt(entry, 'name')) ?? '', port }] : [];
  });
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
