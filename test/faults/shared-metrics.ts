import { until } from '../control-plane/waiting.js';
import type { Reply } from './client.js';
import type { Tenure } from './invariants.js';
import { isWrite } from './proxied-request.js';
import type { FaultWorld } from './world.js';

/** The first ConfigMap through which the leader shares its values. */
export const firstBox = 'datadog-custom-metrics';

/** A ConfigMap of the shared metrics, as the API server holds it. */
export interface Box {
  readonly name: string;
  readonly uid: string;
  readonly revision: bigint;
  readonly data: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What an entry says, as far as the tests look. */
export interface Entry {
  readonly metric: string;
  readonly namespace: string;
  readonly state: string;
  readonly value?: number;
  readonly observedAt?: string;
}

/** `undefined`: there is none. */
export async function readBox({ cluster }: FaultWorld, name = firstBox): Promise<Box | undefined> {
  const { status, body } = await cluster.get(pathOf(name));
  if (status === 404) return undefined;
  if (status !== 200) throw new Error(`ConfigMap ${name}: ${status} ${body}`);
  return toBox(JSON.parse(body) as ConfigMap);
}

/** All of them, by name. */
export async function readBoxes({ cluster }: FaultWorld): Promise<readonly Box[]> {
  const list = (await cluster.json('/api/v1/namespaces/datadog/configmaps')) as {
    readonly items: readonly ConfigMap[];
  };
  return list.items.map(toBox).filter(({ name }) => name.startsWith(firstBox));
}

/** Changes a ConfigMap as a person does, by a merge patch; what the API server then had. */
export async function patchBox({ cluster }: FaultWorld, patch: object, name = firstBox): Promise<Box> {
  const sending = { body: patch, contentType: 'application/merge-patch+json' };
  return toBox(await accepted(cluster.send('PATCH', pathOf(name), sending)));
}

/** Puts an object in a ConfigMap's place, whatever its revision. */
export async function replaceBox(
  { cluster }: FaultWorld,
  { name, data, annotations }: Pick<Box, 'name' | 'data' | 'annotations'>,
): Promise<Box> {
  const metadata = { name, namespace: 'datadog', annotations };
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data };
  return toBox(await accepted(cluster.send('PUT', pathOf(name), { body })));
}

/** Waits until a new leader has written, which it does first of all: from then on no write of its predecessor's can land. */
export async function untilFenced({ fleet }: FaultWorld, { holder, fromRevision }: Tenure): Promise<void> {
  await until(`${holder} to write the shared metrics`, async () =>
    fleet
      .proxy(holder)
      .requests.some(
        ({ method, path, resourceVersion = '0' }) =>
          isWrite(method) && path.includes(firstBox) && BigInt(resourceVersion) > fromRevision,
      )
      ? true
      : undefined,
  );
}

export async function deleteBox({ cluster }: FaultWorld, name = firstBox): Promise<void> {
  await accepted(cluster.send('DELETE', pathOf(name)));
}

async function accepted(sent: Promise<Reply>): Promise<ConfigMap> {
  const { status, body } = await sent;
  if (status !== 200) throw new Error(`a ConfigMap could not be changed: ${status} ${body}`);
  return JSON.parse(body) as ConfigMap;
}

function pathOf(name: string): string {
  return `/api/v1/namespaces/datadog/configmaps/${name}`;
}

/** The entries that are records, decoded; one that cannot be is left out. */
export function entriesOf(box: Box | undefined): ReadonlyMap<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const [key, text] of Object.entries(box?.data ?? {})) {
    const entry = key.startsWith('metric.') ? parse(text) : undefined;
    if (entry !== undefined) entries.set(key, entry);
  }
  return entries;
}

interface ConfigMap {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly data?: Readonly<Record<string, string>>;
}

function toBox({ metadata, data = {} }: ConfigMap): Box {
  const { name, uid, resourceVersion, annotations = {} } = metadata;
  return { name, uid, revision: BigInt(resourceVersion), data, annotations };
}

function parse(text: string): Entry | undefined {
  try {
    return JSON.parse(text) as Entry;
  } catch {
    return undefined; // corrupted on purpose
  }
}
