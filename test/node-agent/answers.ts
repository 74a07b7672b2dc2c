import { fail, ok, type Result } from '../../core/result.js';
import type { Version } from './version.js';

/** Turns decoded JSON into a shape of ours, or says what is wrong with it. */
export type Parser<T> = (value: unknown) => Result<T, string>;

/** Labels or annotations. */
export type Texts = Readonly<Record<string, string>>;

/** Names of services by pod (`namespace/pod`), sorted. */
export type ServicesByPod = Readonly<Record<string, readonly string[]>>;

/** What is learned of a namespace; only the metadata route tells annotations. */
export interface NamespaceMetadata {
  readonly labels: Texts;
  readonly annotations?: Texts;
}

const numbers = ['Major', 'Minor', 'Patch'] as const;
const texts = ['Pre', 'Meta', 'Commit'] as const;

/** Field names are Go's own. Go would take them in any case; this does not, as a server should not lean on that. */
export function parseVersion(value: unknown): Result<Version, string> {
  if (!isObject(value)) return fail('a version is an object');
  const wrongNumber = numbers.find((name) => !Number.isSafeInteger(value[name]));
  if (wrongNumber !== undefined) return fail(`${wrongNumber} of a version is a whole number`);
  const wrongText = texts.find((name) => typeof value[name] !== 'string');
  if (wrongText !== undefined) return fail(`${wrongText} of a version is a text`);
  return ok(value as unknown as Version);
}

/** The tags of one pod: `kube_service:x` texts. Null, which Go makes of an empty list, is none. */
export function parsePodTags(value: unknown): Result<readonly string[], string> {
  if (value === null) return ok([]);
  if (!Array.isArray(value)) return fail('tags are null or an array');
  const tags: readonly unknown[] = value;
  const isTag = (tag: unknown): tag is string => typeof tag === 'string' && /^kube_service:[^:]+$/.test(tag);
  return tags.every(isTag) ? ok(tags) : fail('a tag is a text kube_service:x');
}

/** Labels or annotations. Null, which Go makes of a map that was never made, is none. */
export function parseTextMap(value: unknown): Result<Texts, string> {
  if (value === null) return ok({});
  if (!isObject(value)) return fail('labels and annotations are an object');
  return Object.values(value).every((text) => typeof text === 'string')
    ? ok(value as Texts)
    : fail('a label or annotation is a text');
}

export function parseNamespaceLabels(value: unknown): Result<NamespaceMetadata, string> {
  const labels = parseTextMap(value);
  return labels.ok ? ok({ labels: labels.value }) : labels;
}

export function parseNamespaceMetadata(value: unknown): Result<NamespaceMetadata, string> {
  if (!isObject(value)) return fail('metadata is an object');
  for (const name of ['Name', 'Namespace'])
    if (typeof value[name] !== 'string') return fail(`${name} of metadata is a text`);
  const labels = parseTextMap(value['Labels']);
  if (!labels.ok) return labels;
  const annotations = parseTextMap(value['Annotations']);
  if (!annotations.ok) return annotations;
  return ok({ labels: labels.value, annotations: annotations.value });
}

/** The metadata maps by node. A node without the key `services` is there, and undefined. */
export function parseNodes(value: unknown): Result<ReadonlyMap<string, ServicesByPod | undefined>, string> {
  if (!isObject(value) || !isObject(value['Nodes'])) return fail('Nodes is an object');
  const trouble = troubleWith(value['Warnings'], value['Errors']);
  if (trouble !== undefined) return fail(trouble);
  const nodes = new Map<string, ServicesByPod | undefined>();
  for (const [name, node] of Object.entries(value['Nodes'])) {
    if (!isObject(node)) return fail(`node ${name} is an object`);
    const services = parseServices(node['services'] ?? undefined);
    if (!services.ok) return services;
    nodes.set(name, services.value);
  }
  return ok(nodes);
}

/** The id of the cluster: the UID of a namespace. */
export function parseClusterId(value: unknown): Result<string, string> {
  return typeof value === 'string' && value.length === 36
    ? ok(value)
    : fail('a cluster id is a text of 36 characters');
}

export function parseNodeUid(value: unknown): Result<string, string> {
  return isObject(value) && typeof value['uid'] === 'string' && value['uid'] !== ''
    ? ok(value['uid'])
    : fail('the UID of a node is an object with a text uid');
}

/** Whether the checks of a node are up to date, as a heartbeat is answered. */
export function parseCheckStatus(value: unknown): Result<boolean, string> {
  return isObject(value) && typeof value['isuptodate'] === 'boolean'
    ? ok(value['isuptodate'])
    : fail('isuptodate is a boolean');
}

/** When the checks of a node changed last; the checks themselves are not looked into. */
export function parseCheckConfigs(value: unknown): Result<number, string> {
  if (!isObject(value) || typeof value['last_change'] !== 'number') return fail('last_change is a number');
  const configs = value['configs'];
  return configs === null || Array.isArray(configs)
    ? ok(value['last_change'])
    : fail('configs are null or an array');
}

/** The names in `kube_service:name` texts, sorted; agents take bare names too. */
export function toServices(tags: readonly string[]): readonly string[] {
  return tags.map((tag) => tag.slice(tag.indexOf(':') + 1)).sort((a, b) => (a < b ? -1 : 1));
}

function parseServices(value: unknown): Result<ServicesByPod | undefined, string> {
  if (value === undefined) return ok(undefined);
  if (!isObject(value)) return fail('services are an object');
  const byPod: [string, readonly string[]][] = [];
  for (const [namespace, pods] of Object.entries(value)) {
    if (!isObject(pods)) return fail(`namespace ${namespace} is an object of pods`);
    for (const [pod, services] of Object.entries(pods)) {
      if (!isObject(services) || !Object.values(services).every(isObject))
        return fail(`services of ${namespace}/${pod} are an object of empty objects`);
      byPod.push([`${namespace}/${pod}`, toServices(Object.keys(services))]);
    }
  }
  return ok(Object.fromEntries(byPod));
}

/** Agents do not look at these two, but fail to decode the whole when they are of another kind. */
function troubleWith(warnings: unknown, errors: unknown): string | undefined {
  if (typeof (errors ?? '') !== 'string') return 'Errors is a text';
  const list: unknown = warnings ?? [];
  const isFine = Array.isArray(list) && list.every((warning) => typeof warning === 'string');
  return isFine ? undefined : 'Warnings are an array of texts';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
