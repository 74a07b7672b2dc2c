import type { ClusterEvent, InvolvedObject } from '../core/cluster-event.js';
import { toObject, toText, valueAt } from './json.js';

/** Datadog takes texts of 4,000 characters (https://docs.datadoghq.com/api/latest/events/), the frame around them counted. */
const longestText = 3_000;
const longestName = 300;

/**
 * Reads an Event of `events.k8s.io/v1` or of core v1; both are views of the same object. Throws when it has no uid or
 * revision, as only something else than an Event can.
 */
export function parseClusterEvent(object: unknown): ClusterEvent {
  const uid = toText(valueAt(object, 'metadata', 'uid'));
  const revision = toText(valueAt(object, 'metadata', 'resourceVersion'));
  if (uid === undefined || revision === undefined)
    throw new Error('it has no metadata.uid or resourceVersion');
  const body = toObject(object) ?? {};
  return {
    uid,
    revision,
    involved: toInvolved(body['regarding'] ?? body['involvedObject']),
    reason: toLine(body['reason'], longestName),
    message: cut(clean(toText(body['note']) ?? toText(body['message']) ?? ''), longestText),
    type: toLine(body['type'], longestName),
    ...toReporter(body),
    ...toOccurrences(body),
  };
}

function toInvolved(reference: unknown): InvolvedObject {
  return {
    kind: toLine(valueAt(reference, 'kind'), longestName),
    namespace: toLine(valueAt(reference, 'namespace'), longestName),
    name: toLine(valueAt(reference, 'name'), longestName),
    uid: toLine(valueAt(reference, 'uid'), longestName),
  };
}

/** Older reporters name themselves in `source`, newer ones as the reporting controller. */
function toReporter(body: Readonly<Record<string, unknown>>): Pick<ClusterEvent, 'component' | 'host'> {
  const source = body['deprecatedSource'] ?? body['source'];
  const controller = toText(body['reportingController']) ?? toText(body['reportingComponent']);
  const component = toText(valueAt(source, 'component')) ?? controller;
  const host = toLine(valueAt(source, 'host'), longestName);
  // The kubelet's instance is its node (kubernetes/kubernetes, pkg/kubelet); others' are names of pods.
  const instance = component === 'kubelet' ? toLine(body['reportingInstance'], longestName) : '';
  const place = host === '' ? instance : host;
  return { component: toLine(component, longestName), host: place === '' ? undefined : place };
}

/** Counts and instants lie in the series of a repeated event, in the old fields, or follow from the object itself. */
function toOccurrences(
  body: Readonly<Record<string, unknown>>,
): Pick<ClusterEvent, 'count' | 'firstAtMs' | 'lastAtMs'> {
  const series = body['series'];
  const createdAtMs = toInstantMs(valueAt(body, 'metadata', 'creationTimestamp')) ?? 0;
  const happenedAtMs = toInstantMs(body['eventTime']);
  const firstAtMs =
    toInstantMs(body['deprecatedFirstTimestamp']) ??
    toInstantMs(body['firstTimestamp']) ??
    happenedAtMs ??
    createdAtMs;
  const lastAtMs =
    toInstantMs(valueAt(series, 'lastObservedTime')) ??
    toInstantMs(body['deprecatedLastTimestamp']) ??
    toInstantMs(body['lastTimestamp']) ??
    happenedAtMs ??
    firstAtMs;
  const counts = [valueAt(series, 'count'), body['deprecatedCount'], body['count']];
  const count = counts.find(
    (one): one is number => typeof one === 'number' && Number.isInteger(one) && one > 0,
  );
  return { count: count ?? 1, firstAtMs, lastAtMs: Math.max(lastAtMs, createdAtMs) };
}

function toInstantMs(value: unknown): number | undefined {
  const ms = Date.parse(toText(value) ?? '');
  return Number.isNaN(ms) || ms <= 0 ? undefined : ms;
}

function toLine(value: unknown, longest: number): string {
  return cut(
    clean(toText(value) ?? '')
      .replaceAll(/\s+/g, ' ')
      .trim(),
    longest,
  );
}

/** Line feeds and tabs stay; other control characters, and halves of pairs, would spoil what they are shown in. */
function clean(text: string): string {
  return text.replaceAll(/\r\n?/g, '\n').replaceAll(/[^\P{Cc}\n\t]|\p{Cs}/gu, '\ufffd');
}

/** Never in the middle of a pair. */
function cut(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const note = `… (${text.length} characters in all)`;
  return `${text.slice(0, longest - note.length).replace(/[\ud800-\udbff]$/, '')}${note}`;
}
