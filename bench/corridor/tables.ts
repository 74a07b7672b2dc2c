import { median, toQuantiles } from '../shared/quantiles.js';
import { verdicts } from './aims.js';
import type { Contestant } from './contestant.js';
import { digestOf, type ReadDigest, type Spread, spreadOf } from './digest.js';
import { exponentOf } from './growth.js';
import { loadShapes } from './load.js';
import type { Way } from './reads.js';
import { comparedReads, type Results, readsAt } from './results.js';
import type { StationResult } from './station.js';
import type { Tick } from './ticks.js';

/** A table of the report, as lines of at most 100 characters. */
export interface Table {
  readonly title: string;
  readonly lines: readonly string[];
}

export function tablesOf(results: Results): readonly Table[] {
  return [
    readTable(results),
    sizeTable(results),
    startTable(results),
    memoryTable(results),
    soakTable(results),
    tickTable(results),
    blockTable(results),
    copyTable(results),
    firstValueTable(results),
    growthTable(results),
    aimTable(results),
  ];
}

const nameWidth = 36;

function row(name: string, cells: readonly (string | number)[], width = 9): string {
  return `${name.padEnd(nameWidth)}${cells.map((cell) => `${cell}`.padStart(width)).join('')}`.trimEnd();
}

function head(name: string, columns: readonly string[], width = 9): readonly string[] {
  const line = row(name, columns, width);
  return [line, '-'.repeat(line.length)];
}

function fixed(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '-';
}

function spreadText({ median: middle, least, most }: Spread, digits: number): string {
  return `${fixed(middle, digits)} (${fixed(least, digits)}-${fixed(most, digits)})`;
}

const shapes = [loadShapes.one, loadShapes.sixteen, loadShapes.sixtyFour, loadShapes.http1] as const;
const ways: readonly (readonly [Way, string, string])[] = [
  ...shapes.map(({ name, short }) => ['bearer token', name, `bearer, ${short}`] as const),
  ...shapes.map(({ name, short }) => ['front proxy', name, `front proxy, ${short}`] as const),
  ['aggregator', loadShapes.sixtyFour.name, `aggregator, ${loadShapes.sixtyFour.short}`] as const,
];

function readTable(results: Results): Table {
  const runs = comparedReads(results);
  const contestants: readonly Contestant[] = ['product', 'peer'];
  return {
    title: `1 Reads, ${results.scale.readSize} metrics`,
    lines: [
      ...head('', ['req/s', 'p50 ms', 'p99', 'p99.9', 'CPU µs', '   p99 of runs']),
      ...ways.flatMap(([way, shape, name]) =>
        contestants.flatMap((contestant) => {
          const digest = digestOf(runs, { way, shape, contestant });
          return digest === undefined ? [] : [row(`${name}, ${contestant}`, readCells(digest))];
        }),
      ),
      ...ways.flatMap(([way, shape, name]) => {
        const [ours, peers] = contestants.map((contestant) => digestOf(runs, { way, shape, contestant }));
        return ours === undefined || peers === undefined ? [] : [row(`× ${name}`, ratioCells(ours, peers))];
      }),
    ],
  };
}

function readCells({ perSecond, p50Ms, p99Ms, p999Ms, cpuMicros }: ReadDigest): readonly string[] {
  return [
    fixed(perSecond.median, 0),
    fixed(p50Ms, 2),
    fixed(p99Ms.median, 2),
    fixed(p999Ms.median, 2),
    fixed(cpuMicros.median, 0),
    `   ${fixed(p99Ms.least, 1)}-${fixed(p99Ms.most, 1)}`,
  ];
}

function ratioCells(ours: ReadDigest, peers: ReadDigest): readonly string[] {
  return [
    fixed(ours.perSecond.median / peers.perSecond.median, 2),
    fixed(ours.p50Ms / peers.p50Ms, 2),
    fixed(ours.p99Ms.median / peers.p99Ms.median, 2),
    fixed(ours.p999Ms.median / peers.p999Ms.median, 2),
    fixed(ours.cpuMicros.median / peers.cpuMicros.median, 2),
  ];
}

function sizeTable(results: Results): Table {
  const pick = { way: 'bearer token', shape: loadShapes.sixtyFour.name } as const;
  return {
    title: '2 Reads by size of the store: bearer, HTTP/2, 64 streams',
    lines: [
      ...head('metrics', ['req/s', 'CPU µs', 'peer r/s', 'peer µs']),
      ...results.stations.map(({ size }) => {
        const cells = (['product', 'peer'] as const).flatMap((contestant) => {
          const digest = digestOf(readsAt(results, size), { ...pick, contestant });
          return [
            fixed(digest?.perSecond.median ?? Number.NaN, 0),
            fixed(digest?.cpuMicros.median ?? Number.NaN, 1),
          ];
        });
        return row(`${size}`, cells);
      }),
    ],
  };
}

function startTable({ starts, scale }: Results): Table {
  const of = (contestant: Contestant): string =>
    spreadText(
      spreadOf(starts.filter((one) => one.contestant === contestant).map(({ seconds }) => seconds)),
      2,
    );
  return {
    title: `3 Start to the first valid answer, ${scale.sizes[0]} metrics, s (least-most)`,
    lines: [row('product, from nothing, as leader', [of('product')], 20), row('peer', [of('peer')], 20)],
  };
}

function memoryTable({ stations }: Results): Table {
  return {
    title: '3 Resident memory, MB',
    lines: [
      ...head('metrics', ['fresh', 'loaded', 'peak', 'peer', 'loaded', 'peak']),
      ...stations.map(({ size, memory }) =>
        row(
          `${size}`,
          [memory.product, memory.peer].flatMap(({ freshMegabytes, loadedMegabytes, peakMegabytes }) => [
            fixed(freshMegabytes, 0),
            fixed(loadedMegabytes, 0),
            fixed(peakMegabytes, 0),
          ]),
        ),
      ),
    ],
  };
}

function soakTable({ soak, scale }: Results): Table {
  return {
    title: `3 Soak: ${scale.soakMetrics} metrics, ${scale.soakReadsPerSecond} reads/s, ${soak.requests} reads, ${fixed(soak.cpuPercent, 1)} % of a core`,
    lines: [
      row(
        'after s',
        soak.looks.map(({ atSeconds }) => atSeconds),
        6,
      ),
      row(
        'heap, collected, MB',
        soak.looks.map(({ heapMegabytes }) => fixed(heapMegabytes, 1)),
        6,
      ),
      row(
        'RSS, MB',
        soak.looks.map(({ residentMegabytes }) => fixed(residentMegabytes, 0)),
        6,
      ),
    ],
  };
}

function middle(ticks: readonly Tick[], figure: (tick: Tick) => number): number {
  return median(ticks.map(figure));
}

function tickTable({ stations }: Results): Table {
  return {
    title: '4 A refresh of everything (Datadog answers after 50 ms)',
    lines: [
      ...head('metrics', ['calls', 'MB read', 'wall s', 'CPU s', 'idle p99', 'tick p99', 'filled s']),
      ...stations.map(({ size, ticks, filledSeconds }) =>
        row(`${size}`, [
          fixed(
            middle(ticks, ({ datadog }) => datadog.calls),
            0,
          ),
          fixed(middle(ticks, ({ datadog }) => datadog.sentBytes) / 1e6, 2),
          fixed(middle(ticks, ({ wallMs }) => wallMs) / 1_000, 2),
          fixed(
            middle(ticks, ({ cpu }) => cpu.leader),
            2,
          ),
          fixed(
            middle(ticks, ({ idleP99Ms }) => idleP99Ms),
            2,
          ),
          fixed(
            middle(ticks, ({ tickP99Ms }) => tickP99Ms),
            2,
          ),
          fixed(filledSeconds, 1),
        ]),
      ),
    ],
  };
}

function blockTable({ stations }: Results): Table {
  return {
    title: '4 Longest block of the event loop in a refresh, and longest stop of the collector, ms',
    lines: [
      ...head('metrics', ['leader', 'worst', 'collect', 'follower', 'worst', 'collect']),
      ...stations.map(({ size, ticks }) =>
        row(
          `${size}`,
          (['leader', 'follower'] as const).flatMap((who) => [
            fixed(
              middle(ticks, (tick) => tick[who].longestBlockMs),
              1,
            ),
            fixed(Math.max(...ticks.map((tick) => tick[who].longestBlockMs)), 1),
            fixed(Math.max(...ticks.map((tick) => tick[who].longestCollectionMs)), 1),
          ]),
        ),
      ),
    ],
  };
}

function copyTable({ stations }: Results): Table {
  return {
    title: '5 Replication of a refresh through ConfigMaps',
    lines: [
      ...head('metrics', ['maps', 'MB', 'p50 s', 'p99 s', 'most s', 'follower', 'apisrv']),
      ...stations.map(({ size, ticks }) => {
        const lags = toQuantiles(ticks.flatMap(({ followerLagMs }) => followerLagMs));
        return row(`${size}`, [
          fixed(
            middle(ticks, ({ shards }) => shards),
            0,
          ),
          fixed(middle(ticks, ({ writtenBytes }) => writtenBytes) / 1e6, 2),
          fixed(lags.p50 / 1_000, 2),
          fixed(lags.p99 / 1_000, 2),
          fixed(lags.max / 1_000, 2),
          fixed(
            middle(ticks, ({ cpu }) => cpu.follower),
            2,
          ),
          fixed(
            middle(ticks, ({ cpu }) => cpu.apiServer),
            2,
          ),
        ]);
      }),
      'follower, apisrv: CPU seconds of the follower and of kube-apiserver in one refresh',
    ],
  };
}

function firstValueTable({ firstValueSeconds, scale }: Results): Table {
  const { count, p50, max } = toQuantiles(firstValueSeconds);
  return {
    title: `6 First value after an HPA appears, batch window ${scale.batchWindowSeconds} s, s`,
    lines: [row(`${count} trials`, [`p50 ${fixed(p50, 2)}`, `most ${fixed(max, 2)}`], 14)],
  };
}

/** Fixed costs hide how small ones grow. */
const fitFrom = 1_000;

function growthTable(results: Results): Table {
  const fitted = results.stations.filter(({ size }) => size >= fitFrom);
  const stations = fitted.length < 2 ? results.stations : fitted;
  const growthRow = (name: string, cost: (station: StationResult) => number): string => {
    const exponent = exponentOf(stations.map((station) => ({ size: station.size, cost: cost(station) })));
    return row(name, [fixed(exponent, 2), exponent > 1.05 ? '  worse than linear' : ''], 9);
  };
  const pick = { way: 'bearer token', shape: loadShapes.sixtyFour.name, contestant: 'product' } as const;
  return {
    title: `7 Exponents by size, from ${stations[0]?.size} metrics on (0 constant, 1 linear)`,
    lines: [
      growthRow('CPU of a read', ({ reads }) => digestOf(reads, pick)?.cpuMicros.median ?? Number.NaN),
      growthRow('CPU of a refresh, leader', ({ ticks }) => middle(ticks, ({ cpu }) => cpu.leader)),
      growthRow('wall time of a refresh', ({ ticks }) => middle(ticks, ({ wallMs }) => wallMs)),
      growthRow('bytes written', ({ ticks }) => middle(ticks, ({ writtenBytes }) => writtenBytes)),
      growthRow('CPU of a refresh, follower', ({ ticks }) => middle(ticks, ({ cpu }) => cpu.follower)),
      growthRow('time until the follower has all', ({ ticks }) =>
        middle(ticks, ({ followerLagMs }) => Math.max(...followerLagMs)),
      ),
    ],
  };
}

function aimTable(results: Results): Table {
  return {
    title: 'Aims',
    lines: verdicts(results).map(
      ({ aim, found, isReached }) => `${isReached ? 'reached' : 'MISSED '} ${found.padStart(10)}  ${aim}`,
    ),
  };
}
