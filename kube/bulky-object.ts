import { type JsonObject, valueAt } from './json.js';

/** The media types of an answer without what was sent. */
export const metadataOnly = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json';

/** The object that a write made, where the answer holds its metadata alone: the rest is what was sent. */
export function completed(answer: unknown, sent: JsonObject): unknown {
  if (valueAt(answer, 'kind') !== 'PartialObjectMetadata') return answer;
  return { ...sent, metadata: valueAt(answer, 'metadata') };
}

/** The beginning of an event, as Kubernetes writes it: field by field, in the order of their declaration. */
const eventStart =
  /^\{"type":"(?:ADDED|MODIFIED)","object":\{"kind":"\w+","apiVersion":"[^"]+","metadata":\{"name":"[^"]+","namespace":"[^"]+","uid":"[^"]+","resourceVersion":"(\d+)"/;

/**
 * A bookmark in place of the event of our own write, for which the event is not read: the watch has come so far, and nothing is
 * new. `undefined` for any other line.
 */
export function eventInBrief(line: string, written: string | undefined): unknown {
  if (written === undefined || eventStart.exec(line.slice(0, 1_000))?.[1] !== written) return undefined;
  return { type: 'BOOKMARK', object: { metadata: { resourceVersion: written } } };
}
