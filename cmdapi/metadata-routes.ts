import { jsonReply, later, laterReply, longJsonReply, type Reply, textReply } from './reply.js';
import type { Question, Route } from './route.js';

/** The answer to a question about the cluster; `starting`: nothing can be said yet. */
export type Lookup =
  | { readonly state: 'found'; readonly body: Buffer }
  | { readonly state: 'unknown' }
  | { readonly state: 'starting'; readonly reason: string };

/** What is known of the cluster; every answer comes from memory. */
export interface Directory {
  nodeLabels(name: string): Lookup;
  nodeAnnotations(name: string, keys: readonly string[]): Lookup;
  nodeUid(name: string): Lookup;
  namespaceLabels(name: string): Lookup;
  namespaceMetadata(name: string): Lookup;
  podTags(pod: { readonly node: string; readonly namespace: string; readonly name: string }): Lookup;
  podsOnNode(node: string): Lookup;
  allPods():
    | { readonly state: 'found'; readonly pieces: Iterable<Buffer> }
    | { readonly state: 'starting'; readonly reason: string };
  /** What is to be known of all answers at present. */
  warning(): string | undefined;
}

export interface MetadataPorts {
  readonly directory: Directory;
  /** `undefined` until it is known. */
  readonly clusterId: () => string | undefined;
}

/** The one annotation that node agents want when they name none. */
const defaultAnnotations = ['cluster.k8s.io/machine'];

/** What node agents ask about their node, its pods and their namespaces. */
export function metadataRoutes({ directory, clusterId }: MetadataPorts): readonly Route[] {
  const replyOf = (lookup: Lookup, unknownText: string): Reply => {
    switch (lookup.state) {
      case 'found':
        return withWarning(jsonReply(lookup.body), directory.warning());
      case 'unknown':
        return textReply(404, unknownText);
      case 'starting':
        return laterReply(lookup.reason);
    }
  };
  const about = (
    handler: string,
    path: string,
    look: (question: Question) => readonly [Lookup, unknownText: string],
  ): Route => ({
    handler,
    method: 'GET',
    path,
    credential: 'agents',
    answer: (question) => replyOf(...look(question)),
  });
  return [
    about('getPodMetadata', '/api/v1/tags/pod/:node/:namespace/:pod', ({ names }) => {
      const { node = '', namespace = '', pod = '' } = names;
      return [directory.podTags({ node, namespace, name: pod }), ''];
    }),
    about('getPodMetadataForNode', '/api/v1/tags/pod/:node', ({ names: { node = '' } }) => [
      directory.podsOnNode(node),
      '',
    ]),
    about('getNodeLabels', '/api/v1/tags/node/:node', ({ names: { node = '' } }) => [
      directory.nodeLabels(node),
      `Could not find labels on the node: ${shown(node)}`,
    ]),
    about('getNodeAnnotations', '/api/v1/annotations/node/:node', ({ names: { node = '' }, query }) => {
      const wanted = query('filter');
      return [
        directory.nodeAnnotations(node, wanted.length === 0 ? defaultAnnotations : wanted),
        `Could not find annotations on the node: ${shown(node)}`,
      ];
    }),
    about('getNodeUID', '/api/v1/uid/node/:node', ({ names: { node = '' } }) => [
      directory.nodeUid(node),
      `Could not find the uid of the node: ${shown(node)}`,
    ]),
    about('getNamespaceLabels', '/api/v1/tags/namespace/:namespace', ({ names: { namespace = '' } }) => [
      directory.namespaceLabels(namespace),
      `Could not find labels on the namespace: ${shown(namespace)}`,
    ]),
    about(
      'getNamespaceMetadata',
      '/api/v1/metadata/namespace/:namespace',
      ({ names: { namespace = '' } }) => [
        directory.namespaceMetadata(namespace),
        `Could not find metadata of the namespace: ${shown(namespace)}`,
      ],
    ),
    {
      handler: 'getClusterID',
      method: 'GET',
      path: '/api/v1/cluster/id',
      credential: 'agents',
      answer: () => {
        const id = clusterId();
        return id === undefined ? laterReply('the id of the cluster is not known yet') : jsonReply(id);
      },
    },
    {
      handler: 'getAllMetadata',
      method: 'GET',
      path: '/api/v1/tags/pod',
      credential: 'local',
      answer: ({ query }) => allPods(directory, query('node')[0]),
    },
  ];
}

/** For the commands of an operator: all nodes, or one. */
function allPods(directory: Directory, node: string | undefined): Reply {
  const found = node === undefined ? directory.allPods() : directory.podsOnNode(node);
  switch (found.state) {
    case 'found':
      return withWarning(
        'pieces' in found ? longJsonReply(found.pieces) : jsonReply(found.body),
        directory.warning(),
      );
    case 'unknown':
      return textReply(404, `Could not find the node: ${shown(node ?? '')}`);
    case 'starting':
      return later(jsonReply({ Nodes: {}, Errors: found.reason }, 503));
  }
}

/** The bodies have no room for it in every form, so it goes where Kubernetes puts its warnings. */
function withWarning(reply: Reply, warning: string | undefined): Reply {
  if (warning === undefined) return reply;
  const header = { warning: `299 - "${warning.replaceAll(/[^\x20-\x7e]|["\\]/g, '?')}"` };
  return { ...reply, headers: { ...reply.headers, ...header } };
}

/** A name as it may be repeated: no longer than any object's, and on one line. */
function shown(name: string): string {
  const text = name.replaceAll(/[^\x20-\x7e]/g, '?');
  return text.length <= 253 ? text : `${text.slice(0, 253)}… (${text.length} characters)`;
}
