import { median } from '../shared/quantiles.js';
import { digestOf, type ReadDigest } from './digest.js';
import { type LoadShape, loadShapes } from './load.js';
import type { Way } from './reads.js';
import { comparedReads, type Results, readsAt } from './results.js';

/** What was wished for, and what came of it. */
export interface Verdict {
  readonly aim: string;
  readonly found: string;
  /** NaN figures are never reached. */
  readonly isReached: boolean;
}

export function verdicts(results: Results): readonly Verdict[] {
  return [
    ...readVerdicts(results),
    sizeVerdict(results),
    ...lifeVerdicts(results),
    ...tickVerdicts(results),
    ...replicaVerdicts(results),
    atMost('first value after an HPA appears, p50', median(results.firstValueSeconds), 1, 's'),
  ];
}

function readVerdicts(results: Results): readonly Verdict[] {
  const runs = comparedReads(results);
  const ways: readonly (readonly [Way, LoadShape])[] = [
    ['bearer token', loadShapes.sixteen],
    ['bearer token', loadShapes.sixtyFour],
    ['front proxy', loadShapes.sixteen],
    ['front proxy', loadShapes.sixtyFour],
  ];
  const ratio = (way: Way, shape: LoadShape, figure: (digest: ReadDigest) => number): number => {
    const of = (contestant: 'product' | 'peer'): number => {
      const digest = digestOf(runs, { way, shape: shape.name, contestant });
      return digest === undefined ? Number.NaN : figure(digest);
    };
    return of('product') / of('peer');
  };
  return [
    ...ways.flatMap(([way, shape]) => {
      const name = `${way}, ${shape.streams} streams:`;
      const of = (figure: (digest: ReadDigest) => number): number => ratio(way, shape, figure);
      return [
        atLeast(
          `${name} requests per second`,
          of(({ perSecond }) => perSecond.median),
          3,
          '× the peer',
        ),
        atMost(
          `${name} CPU per request`,
          of(({ cpuMicros }) => cpuMicros.median),
          0.3,
          '× the peer',
        ),
        atMost(
          `${name} p99`,
          of(({ p99Ms }) => p99Ms.median),
          0.5,
          '× the peer',
        ),
        atMost(
          `${name} p99.9`,
          of(({ p999Ms }) => p999Ms.median),
          0.5,
          '× the peer',
        ),
      ];
    }),
    atLeast(
      'through the aggregator: requests per second',
      ratio('aggregator', loadShapes.sixtyFour, ({ perSecond }) => perSecond.median),
      1.7,
      '× the peer',
    ),
  ];
}

/** By CPU time, which other programs of a machine disturb least; at the same shape and way at each size. */
function sizeVerdict(results: Results): Verdict {
  const cpuAt = (size: number | undefined): number =>
    digestOf(readsAt(results, size ?? 0), {
      way: 'bearer token',
      shape: loadShapes.sixtyFour.name,
      contestant: 'product',
    })?.cpuMicros.median ?? Number.NaN;
  const { sizes } = results.scale;
  const growth = cpuAt(sizes.at(-1)) / cpuAt(sizes[0]);
  return atMost(`CPU per read with ${sizes.at(-1)} metrics against ${sizes[0]}`, growth, 1.1, '×');
}

function lifeVerdicts({ starts, stations, soak, scale }: Results): readonly Verdict[] {
  const product = starts.filter(({ contestant }) => contestant === 'product');
  const memory = stations.find(({ size }) => size === scale.readSize)?.memory.product;
  // What is compiled and cached on the way fills in the first minutes.
  const heaps = soak.looks.slice(Math.floor(soak.looks.length / 2)).map(({ heapMegabytes }) => heapMegabytes);
  const growth = (heaps.at(-1) ?? Number.NaN) / (heaps[0] ?? Number.NaN);
  return [
    atMost('start to the first valid answer, median', median(product.map(({ seconds }) => seconds)), 1, 's'),
    atMost(
      `RSS with ${scale.readSize} metrics, after the load`,
      memory?.loadedMegabytes ?? Number.NaN,
      120,
      'MB',
    ),
    atMost(`heap after ${scale.soakSeconds} s of soak against half of it`, growth, 1.02, '×'),
  ];
}

function tickVerdicts({ stations }: Results): readonly Verdict[] {
  return stations.flatMap(({ size, ticks }) => [
    atMost(
      `longest block of the leader, refresh of ${size}`,
      Math.max(...ticks.map(({ leader }) => leader.longestBlockMs)),
      20,
      'ms',
    ),
    atMost(
      `longest block of the follower, refresh of ${size}`,
      Math.max(...ticks.map(({ follower }) => follower.longestBlockMs)),
      20,
      'ms',
    ),
    atMost(
      `p99 of reads in a refresh of ${size}, against before it`,
      median(ticks.map(({ tickP99Ms, idleP99Ms }) => tickP99Ms / idleP99Ms)),
      2,
      '×',
    ),
  ]);
}

function replicaVerdicts({ stations }: Results): readonly Verdict[] {
  const large = stations.find(({ size }) => size === 10_000);
  const held = Math.max(...stations.filter(({ ticks }) => ticks.length > 0).map(({ size }) => size));
  const slowest = Math.max(...(large?.ticks ?? []).flatMap(({ followerLagMs }) => followerLagMs));
  return [
    ...(large === undefined
      ? []
      : [atMost('10,000 metrics at the follower after the leader has them', slowest / 1_000, 1.5, 's')]),
    atLeast('metrics held by leader and follower', held, 50_000, ''),
  ];
}

function atMost(aim: string, found: number, bound: number, unit: string): Verdict {
  return {
    aim: `${aim}, at most ${bound} ${unit}`.trimEnd(),
    found: text(found, unit),
    isReached: found <= bound,
  };
}

function atLeast(aim: string, found: number, bound: number, unit: string): Verdict {
  return {
    aim: `${aim}, at least ${bound} ${unit}`.trimEnd(),
    found: text(found, unit),
    isReached: found >= bound,
  };
}

function text(found: number, unit: string): string {
  const digits = Math.abs(found) >= 1_000 ? 0 : Math.abs(found) >= 100 ? 1 : 2;
  return `${found.toFixed(digits)} ${unit.replace(' the peer', '')}`.trimEnd();
}
