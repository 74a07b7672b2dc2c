import { Agent } from 'node:https';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import { expect } from 'chai';
import { advertisedVersion } from '../../cmdapi/process-routes.js';
import { createCommandApi } from '../../cmdapi/server.js';
import { Token } from '../../cmdapi/token.js';
import { systemClock } from '../../core/clock.js';
import { createLogger } from '../../core/log.js';
import { createRegistry } from '../../core/telemetry.js';
import type { HttpLimits } from '../../http/limits.js';
import { parseEndpointSlice } from '../../kube/endpoint-group.js';
import { Directory, type FollowedFacts, type ObjectFacts } from '../../metadata/directory.js';
import { Mapping } from '../../metadata/mapping.js';
import { type ObjectDraft, textsAt } from '../../simulator/cluster/object.js';
import { LargeCluster, smallSize } from '../../simulator/large-cluster.js';
import { tokens } from '../../simulator/stand-ins.js';
import { sampleReport } from '../unit/cmdapi/status/sample-report.js';
import { getHttp1 } from '../unit/http/https-clients.js';
import { tlsScene } from '../unit/http/tls-scene.js';

/** So short that a test does not wait long for the end of a bad client. */
export const shortLimits = {
  handshakeMs: 400,
  headerReadMs: 400,
  requestReadMs: 800,
  stallMs: 600,
  idleMs: 1_000,
} as const satisfies Partial<HttpLimits>;

/** A piece of the answer about all pods, where that is to be a long one. */
const piece = Buffer.alloc(1_024, ' ');
export const longPieces = 64 * 1_024;

/** What node agents ask, on a listener with short limits; it knows a small cluster, and a long answer about all pods. */
export async function hostileScene(limits: Partial<HttpLimits> = {}) {
  const lines: string[] = [];
  const log = createLogger('debug', (text) => text, { write: (line) => lines.push(line) });
  const taken = { pieces: 0 };
  const { directory, node } = knowAll();
  const handler = createCommandApi({
    directory: Object.assign(directory, {
      allPods: () => ({ state: 'found' as const, pieces: longAnswer(taken) }),
    }),
    clusterId: () => undefined,
    explainer: undefined,
    hostname: 'host',
    version: advertisedVersion({ version: '0', commit: '0' }),
    status: () => sampleReport,
    health: () => ({ Healthy: [], Unhealthy: [] }),
    flare: () => ({}),
    tokens: { agents: new Token(tokens.agents), local: new Token(tokens.local) },
    forwarder: { forward: () => Promise.resolve(undefined) },
    registry: createRegistry({ withProcessMetrics: false }),
    clock: systemClock,
    log,
  });
  const scene = await tlsScene({
    handler,
    limits: { ...shortLimits, ...limits },
    drainMs: 200,
    lingerMs: 10,
  });
  const { port, ca, registry } = scene;
  return { port, ca, registry, taken, apiLines: lines, listenerLines: scene.lines, node };
}

function* longAnswer(taken: { pieces: number }): Generator<Buffer> {
  for (let count = 0; count < longPieces; count += 1) {
    taken.pieces += 1;
    yield piece;
  }
}

/** All of a cluster, as if it had been read. */
function knowAll(): { readonly directory: Directory; readonly node: string } {
  const facts = { nodes: new Map<string, ObjectFacts>(), namespaces: new Map<string, ObjectFacts>() };
  const mapping = new Mapping();
  const take = (object: ObjectDraft): void => {
    const group = object.kind === 'EndpointSlice' ? parseEndpointSlice(object) : undefined;
    if (group !== undefined) mapping.put(object.metadata.name, group);
    const { name, uid = '' } = object.metadata;
    const labels = textsAt(object, 'metadata', 'labels');
    const annotations = textsAt(object, 'metadata', 'annotations');
    if (object.kind === 'Node') facts.nodes.set(name, { uid, labels, annotations });
    if (object.kind === 'Namespace') facts.namespaces.set(name, { uid, labels, annotations });
  };
  new LargeCluster({ apply: take }, smallSize).build();
  const followed = {
    hasSynced: () => true,
    staleForMs: () => 0,
    health: () => ({ state: 'ready' as const }),
  };
  const follow = (items: ReadonlyMap<string, ObjectFacts>): FollowedFacts => ({
    ...followed,
    items: () => items,
  });
  const directory = new Directory(
    {
      nodes: follow(facts.nodes),
      namespaces: follow(facts.namespaces),
      services: { mapping, endpoints: followed },
    },
    { maxSilenceMs: 120_000 },
  );
  return { directory, node: [...facts.nodes.keys()][0] ?? '' };
}

interface Target {
  readonly port: number;
  readonly ca: string;
  readonly node: string;
}

/**
 * Does `work` while a well-behaved agent asks for its node, in turn over a connection that it keeps and over a new one.
 * Throws when that one did not get 200 each time within a second.
 */
export async function whileServing<T>({ port, ca, node }: Target, work: () => Promise<T>): Promise<T> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const headers = { authorization: `Bearer ${tokens.agents}` };
  let hasEnded = false;
  let worstMs = 0;
  const failures: string[] = [];
  const ask = async (turn: number): Promise<void> => {
    const askedMs = performance.now();
    const path = `/api/v1/tags/pod/${node}`;
    const asked = getHttp1({ port, ca, path, headers }, turn % 2 === 0 ? agent : undefined);
    const outcome = await asked.then(({ status }) => String(status), String);
    if (outcome !== '200') failures.push(outcome);
    worstMs = Math.max(worstMs, performance.now() - askedMs);
  };
  const asking = async (): Promise<void> => {
    for (let turn = 0; !hasEnded || turn < 4; turn += 1) {
      await ask(turn);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const asked = asking();
  try {
    return await work();
  } finally {
    hasEnded = true;
    await asked;
    agent.destroy();
    expect(failures, 'what the well-behaved agent got').to.deep.equal([]);
    expect(worstMs, 'what it waited at most').to.be.lessThan(1_000);
  }
}

/** What a raw client over TLS gets to read until the server closes, or until it has waited long enough. */
export async function converse(
  { port, ca }: Pick<Target, 'port' | 'ca'>,
  talk: (socket: TLSSocket) => void,
  options: { readonly protocol?: 'http/1.1' | 'h2'; readonly patienceMs?: number } = {},
): Promise<{ readonly heard: string; readonly wasClosed: boolean; readonly afterMs: number }> {
  const { protocol = 'http/1.1', patienceMs = 5_000 } = options;
  const socket = tlsConnect({
    host: '127.0.0.1',
    port,
    ca,
    checkServerIdentity: () => undefined,
    ALPNProtocols: [protocol],
  });
  const heard: Buffer[] = [];
  socket.on('error', () => {
    // A reset is one of the ways in which a server closes.
  });
  socket.on('data', (bytes: Buffer) => heard.push(bytes));
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  const beganMs = performance.now();
  talk(socket);
  const wasClosed = await Promise.race([
    new Promise<true>((resolve) => socket.once('close', () => resolve(true))),
    new Promise<false>((resolve) => setTimeout(() => resolve(false), patienceMs).unref()),
  ]);
  const afterMs = performance.now() - beganMs;
  socket.destroy();
  return { heard: Buffer.concat(heard).toString('latin1'), wasClosed, afterMs };
}

/** The head of a request, as text, with the token of node agents. */
export function requestHead(line: string, headers: readonly string[] = []): string {
  const all = ['Host: a', `Authorization: Bearer ${tokens.agents}`, ...headers];
  return `${line}\r\n${all.join('\r\n')}\r\n\r\n`;
}
