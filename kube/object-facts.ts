import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/log.js';
import { type KubeApi, type ResourceKind, resourcePath } from './api.js';
import { toText, toTexts, valueAt } from './json.js';
import { servedAt } from './reflection.js';
import { Reflector } from './reflector.js';

/** What is kept of an object of which only the metadata is wanted. */
export interface ObjectFacts {
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface ObjectFactsPorts {
  readonly client: KubeApi;
  readonly clock: Clock;
  readonly log: Logger;
  /** A number in [0, 1), for jitter. */
  readonly random: () => number;
}

export interface ObjectFactsOptions {
  /** For logs and health: "nodes". */
  readonly name: string;
  readonly kind: ResourceKind;
  readonly resyncMs: number;
  readonly watchSeconds: number;
}

/**
 * A server sends the metadata alone, which spares the status of a node with its dozens of images. One that cannot
 * (before Kubernetes 1.15) sends the whole.
 */
const accept = {
  list: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json',
  watch: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json',
};

/** Uids, labels and annotations of all objects of a kind, by name, without the rest of them. */
export function reflectFacts(
  ports: ObjectFactsPorts,
  { kind, ...options }: ObjectFactsOptions,
): Reflector<ObjectFacts> {
  return new Reflector<ObjectFacts>(
    { ...ports, reflected: { locate: servedAt(resourcePath(kind, {})), toItem: toFacts, accept } },
    options,
  );
}

function toFacts(object: unknown): ObjectFacts {
  const metadata = valueAt(object, 'metadata');
  return {
    uid: toText(valueAt(metadata, 'uid')) ?? '',
    labels: toTexts(valueAt(metadata, 'labels')),
    annotations: toTexts(valueAt(metadata, 'annotations')),
  };
}
