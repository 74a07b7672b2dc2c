import { createHash } from 'node:crypto';
import { fieldAt, isJsonObject } from '../../simulator/cluster/object.js';
import type { Answer } from '../shared/connection.js';

/** What the right answer says. */
export type Expectation =
  /** The per-node answer, by the digest of its lines. */
  | { readonly kind: 'node'; readonly node: string; readonly digest: string }
  /** The body, to the byte. */
  | { readonly kind: 'text'; readonly text: string }
  /** The external metric's value. */
  | { readonly kind: 'value'; readonly value: string };

export interface Question {
  readonly path: string;
  readonly expectation: Expectation;
}

export function perNodePath(node: string): string {
  return `/api/v1/tags/pod/${node}`;
}

export function perPodPath(pod: {
  readonly node: string;
  readonly namespace: string;
  readonly name: string;
}): string {
  return `/api/v1/tags/pod/${pod.node}/${pod.namespace}/${pod.name}`;
}

/** Pods on a node by `namespace/name`, and the services of each, in a form that two processes can compare. */
export function digestOf(pods: Iterable<readonly [string, Iterable<string>]>): string {
  const lines = [...pods].flatMap(([pod, services]) => [...services].map((service) => `${pod} ${service}`));
  return createHash('sha1').update(lines.sort().join('\n')).digest('hex');
}

/** `undefined` for a right answer, else what is wrong with it. The body is looked at only `withBody`. */
export function faultIn(
  { path, expectation }: Question,
  answer: Answer,
  withBody: boolean,
): string | undefined {
  const { status, body } = answer;
  if (status !== 200) return `GET ${path}: ${status} ${body.toString().trim().slice(0, 200)}`;
  if (!withBody || isRight(expectation, body.toString())) return undefined;
  return `GET ${path}: not what the cluster holds: ${body.toString().slice(0, 200)}`;
}

function isRight(expectation: Expectation, text: string): boolean {
  switch (expectation.kind) {
    case 'node':
      return digestOf(podsIn(JSON.parse(text), expectation.node)) === expectation.digest;
    case 'text':
      return text === expectation.text;
    case 'value':
      return fieldAt(JSON.parse(text), 'items', 0, 'value') === expectation.value;
  }
}

/** The pods in a per-node answer; one without the node counts as a pod that cannot be. */
function podsIn(answer: unknown, node: string): readonly (readonly [string, readonly string[]])[] {
  const namespaces = fieldAt(answer, 'Nodes', node, 'services');
  if (!isJsonObject(namespaces)) return [['no such node', ['']]];
  return Object.entries(namespaces).flatMap(([namespace, pods]) =>
    Object.entries(isJsonObject(pods) ? pods : {}).map(
      ([name, services]) =>
        [`${namespace}/${name}`, Object.keys(isJsonObject(services) ? services : {})] as const,
    ),
  );
}
