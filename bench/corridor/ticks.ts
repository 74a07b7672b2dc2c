import { setTimeout as sleep } from 'node:timers/promises';
import { readCpuSeconds } from '../shared/process-figures.js';
import { toQuantiles } from '../shared/quantiles.js';
import type { StoredMap } from './cluster.js';
import type { DatadogTally } from './datadog-process.js';
import { spread } from './metric-set.js';
import type { PacedCourse } from './pacing.js';
import type { ProbeReading } from './probe.js';
import { type Product, readProbe, watchProbe } from './product.js';
import type { Stage } from './stage.js';

/** One refresh of everything, from its first call to Datadog until a follower serves all of it. */
export interface Tick {
  readonly size: number;
  readonly datadog: DatadogTally;
  /** From the first call until the leader serves the new values. */
  readonly wallMs: number;
  readonly cpu: Readonly<Record<'leader' | 'follower' | 'apiServer' | 'etcd', number>>;
  readonly leader: ProbeReading;
  readonly follower: ProbeReading;
  /** Reads of the leader. */
  readonly idleP99Ms: number;
  readonly tickP99Ms: number;
  /** For each sample, from the leader's new value to the follower's. */
  readonly followerLagMs: readonly number[];
  readonly shards: number;
  readonly writtenBytes: number;
}

/** The two replicas of a station. */
export interface Pair {
  readonly leader: Product;
  readonly follower: Product;
}

const timeoutMs = 120_000;
/** So few metrics are read that the reviews of their permissions, every 10 s, are under one in a hundred reads. */
const maxPaced = 10;
/** Reads that were due so shortly before a refresh may still be under way in it. */
const marginMs = 50;

/** Looks at the next refresh, beginning `idleSeconds` before it; `lastAtMs` is when the one before began. */
export async function lookAtTick(stage: Stage, pair: Pair, dueAtMs: number): Promise<Tick> {
  const { scale, size, datadog, reader, cluster } = stage;
  const [leader, follower] = [stage.place(pair.leader), stage.place(pair.follower)];
  await sleep(Math.max(0, dueAtMs - scale.idleSeconds * 1_000 - performance.timeOrigin - performance.now()));
  const indexes = spread(size, scale.samples);
  const before = await reader.ask('untilServed', { place: leader, indexes, timeoutMs });
  const mapsBefore = await cluster.storedMaps();
  await datadog.ask('tally', undefined);
  await Promise.all([watchProbe(pair.leader), watchProbe(pair.follower)]);
  const account = startAccount(stage, pair);
  await reader.ask('startPacing', {
    place: leader,
    perSecond: scale.pacedPerSecond,
    indexes: spread(size, maxPaced),
  });
  const idle = sleep((scale.idleSeconds * 1_000) / 2).then(account.markIdle);
  const news = await reader.ask('watchNews', { leader, follower, indexes, before, timeoutMs });
  await idle;
  const cpu = account.end();
  const probes = await Promise.all([readProbe(pair.leader), readProbe(pair.follower)]);
  const course = await reader.ask('stopPacing', undefined);
  stage.judge(`reads during a refresh of ${size} metrics`, course);
  const tally = await datadog.ask('tally', undefined);
  const untilMs = Math.max(...news.followerAtMs);
  return {
    size,
    datadog: tally,
    wallMs: news.leaderAtMs - tally.firstAtMs,
    cpu,
    leader: probes[0],
    follower: probes[1],
    idleP99Ms: p99Between(course, 0, tally.firstAtMs - marginMs),
    tickP99Ms: p99Between(course, tally.firstAtMs, untilMs),
    followerLagMs: news.followerAtMs.map((atMs) => atMs - news.leaderAtMs),
    ...writtenBetween(mapsBefore, await cluster.storedMaps()),
  };
}

function p99Between({ dueAtMs, tookMs }: PacedCourse, fromMs: number, untilMs: number): number {
  return toQuantiles(
    tookMs.filter((_, at) => {
      const due = dueAtMs[at] ?? Number.NaN;
      return due >= fromMs && due <= untilMs;
    }),
  ).p99;
}

function writtenBetween(
  before: readonly StoredMap[],
  after: readonly StoredMap[],
): Pick<Tick, 'shards' | 'writtenBytes'> {
  const known = new Set(before.map(({ name, revision }) => `${name} ${revision}`));
  const written = after.filter(({ name, revision }) => !known.has(`${name} ${revision}`));
  return { shards: after.length, writtenBytes: written.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** What the processes use beyond what reads alone cost them, which is learned from the time before the refresh. */
function startAccount(stage: Stage, { leader, follower }: Pair) {
  const pids = {
    leader: leader.pid,
    follower: follower.pid,
    apiServer: stage.cluster.pidOf('kube-apiserver'),
    etcd: stage.cluster.pidOf('etcd'),
  };
  const look = () => ({
    atMs: performance.now(),
    leader: readCpuSeconds(pids.leader),
    follower: readCpuSeconds(pids.follower),
    apiServer: readCpuSeconds(pids.apiServer),
    etcd: readCpuSeconds(pids.etcd),
  });
  const started = look();
  let idle = started;
  return {
    markIdle: (): void => {
      idle = look();
    },
    end: (): Tick['cpu'] => {
      const ended = look();
      const used = (name: keyof Tick['cpu']): number => {
        const perMs = (idle[name] - started[name]) / (idle.atMs - started.atMs);
        return Math.max(0, ended[name] - idle[name] - perMs * (ended.atMs - idle.atMs));
      };
      return {
        leader: used('leader'),
        follower: used('follower'),
        apiServer: used('apiServer'),
        etcd: used('etcd'),
      };
    },
  };
}
