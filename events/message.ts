import type { ClusterEvent } from '../core/cluster-event.js';

/** An event as Datadog takes it: https://docs.datadoghq.com/api/latest/events/. */
export interface DatadogEvent {
  readonly title: string;
  /** At most 4,000 characters. */
  readonly text: string;
  readonly happenedAtMs: number;
  readonly alertType: 'info' | 'warning';
  /** At most 100 characters. */
  readonly aggregationKey: string;
  readonly host: string | undefined;
  readonly tags: readonly string[];
}

/** One event for Datadog, and those of the cluster that it stands for. */
export interface Message {
  readonly event: DatadogEvent;
  readonly sources: readonly ClusterEvent[];
}

/** What goes into every message. */
export interface MessageOptions {
  /** Part of the names of hosts, and a tag. */
  readonly clusterName: string | undefined;
  /** On every message. */
  readonly tags: readonly string[];
  /** One message for each event of the cluster. */
  readonly unbundle: boolean;
}

export const longestText = 4_000;
const longestTitle = 500;
const longestKey = 100;
/** Datadog's bound for a tag: https://docs.datadoghq.com/getting_started/tagging/. */
const longestTag = 200;

/** What the messages of one object have in common, whether they are bundled or not. */
export function commonParts(
  { involved, type, component, host }: ClusterEvent,
  options: MessageOptions,
): Pick<DatadogEvent, 'alertType' | 'aggregationKey' | 'host'> & { readonly tags: readonly string[] } {
  const { kind, namespace, name, uid } = involved;
  const place = kind === 'Node' ? name : kind === 'Pod' ? host : undefined;
  const isPlaced = place !== undefined && place !== '';
  const cluster = options.clusterName;
  return {
    alertType: type === 'Warning' ? 'warning' : 'info',
    aggregationKey: `kubernetes_apiserver:${uid}`.slice(0, longestKey),
    host: isPlaced ? (cluster === undefined ? place : `${place}-${cluster}`) : undefined,
    tags: [
      ...pair('kube_kind', kind),
      ...pair('kubernetes_kind', kind),
      ...pair('kube_name', name),
      ...pair('name', name),
      ...pair('kube_namespace', namespace),
      ...pair('namespace', namespace),
      ...(kind === '' ? [] : pair(`kube_${kind.toLowerCase()}`, name)),
      ...pair('source_component', component),
      ...pair('reporting_controller', component),
      ...pair('kube_cluster_name', cluster ?? ''),
      'orchestrator:kubernetes',
      ...options.tags,
    ],
  };
}

/** In order, each once. */
export function tagList(tags: readonly string[]): readonly string[] {
  return [...new Set(tags.map((tag) => tag.slice(0, longestTag)))].sort();
}

export function pair(name: string, value: string): readonly string[] {
  return value === '' ? [] : [`${name}:${value}`];
}

/** `<namespace>/<name>`, or what there is of it. */
export function objectName({ involved }: ClusterEvent): string {
  const name = involved.name === '' ? '(unnamed)' : involved.name;
  return involved.namespace === '' ? name : `${involved.namespace}/${name}`;
}

export function kindName({ involved }: ClusterEvent): string {
  return involved.kind === '' ? 'object' : involved.kind;
}

export function shorten(text: string, longest: number = longestTitle): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
