/** One kind of object that the stand-in serves. */
export interface Kind {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  readonly shortNames: readonly string[];
  readonly isNamespaced: boolean;
  readonly subresources: readonly Subresource[];
  /** A PUT of an absent name creates it. */
  readonly createsOnPut: boolean;
  /** A PUT must say which resourceVersion it replaces. */
  readonly needsVersionOnPut: boolean;
  /** Fields that a field selector may name, beside `metadata.name` and `metadata.namespace`. */
  readonly selectableFields: readonly string[];
}

export type Subresource = 'status' | 'scale';

/** The version of the autoscaling group that the stand-in serves; older clusters knew v2beta2 only. */
export type AutoscalerVersion = 'v2' | 'v2beta2';

/** All that is served. To add a kind, add a row. */
export function servedKinds(autoscalerVersion: AutoscalerVersion): readonly Kind[] {
  return [
    row('', 'v1', 'configmaps', 'ConfigMap', { shortNames: ['cm'] }),
    row('', 'v1', 'endpoints', 'Endpoints', { shortNames: ['ep'], createsOnPut: true }),
    row('', 'v1', 'events', 'Event', {
      shortNames: ['ev'],
      createsOnPut: true,
      selectableFields: [
        'involvedObject.kind',
        'involvedObject.name',
        'involvedObject.namespace',
        'involvedObject.uid',
        'reason',
        'type',
      ],
    }),
    row('', 'v1', 'namespaces', 'Namespace', {
      shortNames: ['ns'],
      isNamespaced: false,
      subresources: ['status'],
    }),
    row('', 'v1', 'nodes', 'Node', { shortNames: ['no'], isNamespaced: false, subresources: ['status'] }),
    row('', 'v1', 'pods', 'Pod', {
      shortNames: ['po'],
      subresources: ['status'],
      selectableFields: ['spec.nodeName', 'status.phase'],
    }),
    row('', 'v1', 'secrets', 'Secret', { selectableFields: ['type'] }),
    row('', 'v1', 'serviceaccounts', 'ServiceAccount', { shortNames: ['sa'] }),
    row('', 'v1', 'services', 'Service', {
      shortNames: ['svc'],
      subresources: ['status'],
      createsOnPut: true,
    }),
    row('apiregistration.k8s.io', 'v1', 'apiservices', 'APIService', {
      isNamespaced: false,
      subresources: ['status'],
      needsVersionOnPut: true,
    }),
    row('apps', 'v1', 'deployments', 'Deployment', {
      shortNames: ['deploy'],
      subresources: ['status', 'scale'],
    }),
    row('autoscaling', autoscalerVersion, 'horizontalpodautoscalers', 'HorizontalPodAutoscaler', {
      shortNames: ['hpa'],
      subresources: ['status'],
    }),
    row('coordination.k8s.io', 'v1', 'leases', 'Lease', { createsOnPut: true, needsVersionOnPut: true }),
    row('discovery.k8s.io', 'v1', 'endpointslices', 'EndpointSlice', {}),
  ];
}

function row(
  group: string,
  version: string,
  resource: string,
  kind: string,
  differences: Partial<Kind>,
): Kind {
  return {
    group,
    version,
    resource,
    kind,
    shortNames: [],
    isNamespaced: true,
    subresources: [],
    createsOnPut: false,
    needsVersionOnPut: false,
    selectableFields: [],
    ...differences,
  };
}

/** `v1` or `group/version`, as objects and documents name it. */
export function apiVersionOf(kind: { readonly group: string; readonly version: string }): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
}

/** `configmaps`, `leases.coordination.k8s.io`: a resource as error texts name it. */
export function qualifiedResource(kind: { readonly group: string; readonly resource: string }): string {
  return kind.group === '' ? kind.resource : `${kind.resource}.${kind.group}`;
}

/** `ConfigMap`, `Lease.coordination.k8s.io`: a kind as validation texts name it. */
export function qualifiedKind(kind: { readonly group: string; readonly kind: string }): string {
  return kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
}
