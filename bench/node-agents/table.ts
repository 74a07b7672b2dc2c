import type { Shares } from '../shared/process-figures.js';
import { median, type Quantiles } from '../shared/quantiles.js';
import type { Agents } from './agents.js';
import type { Changes } from './changes.js';
import { type Pinning, pinningText } from './cores.js';
import type { Relists } from './relists.js';
import type { CeilingRate, SteadyRate } from './requests.js';
import type { Scale } from './scale.js';
import type { Kept, Moment, Start } from './start.js';

/** Everything that was measured. */
export interface Figures {
  readonly node: string;
  readonly pinning: Pinning;
  readonly scale: Scale;
  /** Then its times say nothing. */
  readonly isSmoke: boolean;
  readonly starts: readonly Start[];
  readonly kept: Kept;
  readonly changes: Changes;
  readonly rates: readonly SteadyRate[];
  readonly ceilings: readonly CeilingRate[];
  readonly agents: Agents;
  readonly relists: Relists;
}

/** The aims of the project; they are told, and nothing depends on them. */
const aims = { readySeconds: 15, residentMegabytes: 400, p99Ms: 10 };

/** All of it, for a terminal of 100 columns. */
export function tableOf(figures: Figures): string {
  const { size } = figures.scale;
  const counts = [size.nodes, size.pods, size.services].map((count) => count.toLocaleString('en'));
  return [
    `${counts[0]} nodes, ${counts[1]} pods, ${counts[2]} services; Node ${figures.node}; ${pinningText(figures.pinning)}`,
    ...startLines(figures),
    ...changeLines(figures.changes),
    ...rateLines(figures),
    ...agentLines(figures),
    ...relistLines(figures),
    '',
    ...legend,
    ...(figures.isSmoke ? [] : aimLines(figures)),
  ].join('\n');
}

function startLines({ starts, kept }: Figures): readonly string[] {
  const row = (what: string, moments: readonly Moment[]): string =>
    line(what, [
      number(median(moments.map(({ seconds }) => seconds)), 1),
      number(median(moments.map(({ cpuSeconds }) => cpuSeconds)), 1),
      number(median(moments.map(({ residentMegabytes }) => residentMegabytes)), 0),
      number(Math.max(...moments.map(({ peakMegabytes }) => peakMegabytes)), 0),
      '',
    ]);
  return [
    ...head(`1 start (medians of ${starts.length})`, ['wall s', 'CPU s', 'RSS MB', 'peak', 'heap']),
    row(
      'until /ready',
      starts.map(({ ready }) => ready),
    ),
    row(
      'until the first right answer',
      starts.map(({ answered }) => answered),
    ),
    line('at rest', [
      '',
      '',
      number(kept.residentMegabytes, 0),
      number(kept.peakMegabytes, 0),
      number(kept.heapMegabytes, 0),
    ]),
  ];
}

function changeLines(changes: Changes): readonly string[] {
  const { propagationMs: times } = changes;
  return [
    ...head('2 endpoint changes', ['p50 ms', 'p99', 'max', 'lag99', 'lagmax', 'CPU %', 'RSS MB']),
    line(`${number(changes.made / changes.seconds, 0)}/s, ${changes.seconds} s (${times.count} looked at)`, [
      ...[times.p50, times.p99, times.max].map((ms) => number(ms, 1)),
      number(changes.lagP99Ms, 1),
      number(changes.lagMaxMs, 1),
      number(changes.cpuPercent, 0),
      number(changes.residentMegabytes, 0),
    ]),
  ];
}

function rateLines({ rates, ceilings, scale }: Figures): readonly string[] {
  const columns = [...timeColumns, 'ext50', 'ext99'];
  return [
    ...head(`3 requests, ${scale.rateSeconds} s each`, columns),
    ...rates.map((rate) =>
      line(`${rate.route}, ${rate.wantedPerSecond}/s`, [
        number(rate.perSecond, 0),
        ...timesOf(rate.tookMs),
        number(rate.usualP99Ms, 1),
        ...sharesOf(rate),
        number(rate.metricsMs.p50, 1),
        number(rate.metricsMs.p99, 1),
      ]),
    ),
    ...ceilings.map((ceiling) =>
      line(`${ceiling.route}, most, ${scale.ceilingConnections} askers`, [
        number(ceiling.perSecond, 0),
        ...['', '', '', '', ''],
        ...sharesOf(ceiling),
      ]),
    ),
  ];
}

function agentLines({ agents }: Figures): readonly string[] {
  return [
    ...head('4 agents, a connection each', [...timeColumns, 'RSS MB', 'kB/con']),
    line(`${agents.connections} opened in ${number(agents.openedInSeconds, 1)} s`, [
      ...['', '', '', '', '', '', '', ''],
      number(agents.residentAfterMegabytes, 0),
      number(agents.kilobytesEach, 1),
    ]),
    line('each asks for the first time', ['', ...timesOf(agents.firstMs)]),
    line('each asks once in a period', [
      number(agents.perSecond, 0),
      ...timesOf(agents.tookMs),
      number(agents.usualP99Ms, 1),
      ...sharesOf(agents),
    ]),
  ];
}

function relistLines({ relists, scale }: Figures): readonly string[] {
  return [
    ...head(`5 listed again each ${scale.resyncSeconds} s`, [...timeColumns, 'peakMB']),
    line(`${relists.lists} lists in ${scale.resyncLookSeconds} s`, [
      number(relists.perSecond, 0),
      ...timesOf(relists.tookMs),
      number(relists.usualP99Ms, 1),
      ...sharesOf(relists),
      number(relists.peakMegabytes, 0),
    ]),
    line(`while they last (${number(relists.listSeconds, 1)} s each)`, ['', ...timesOf(relists.duringMs)]),
  ];
}

function aimLines({ starts, kept, rates, changes }: Figures): readonly string[] {
  const readySeconds = median(starts.map(({ ready }) => ready.seconds));
  const peak = Math.max(kept.peakMegabytes, changes.peakMegabytes);
  const p99Ms = Math.max(...rates.map(({ tookMs }) => tookMs.p99));
  const metricP99Ms = Math.max(...rates.map(({ metricsMs }) => metricsMs.p99));
  const aim = (what: string, found: number, bound: number, unit: string): string =>
    `${found < bound ? 'met   ' : 'MISSED'} ${what}: ${number(found, 1)} ${unit}, wanted under ${bound} ${unit}`;
  return [
    '',
    aim('ready (median)', readySeconds, aims.readySeconds, 's'),
    aim('peak RSS of start and changes', peak, aims.residentMegabytes, 'MB'),
    aim('worst p99 of steady rates', p99Ms, aims.p99Ms, 'ms'),
    aim('worst p99 of external metrics', metricP99Ms, aims.p99Ms, 'ms'),
  ];
}

const timeColumns = ['req/s', 'p50 ms', 'p99', 'p99.9', 'max', 'usual', 'CPU %', 'wait %'];
const legend = [
  'usual: the p99 of a usual second (the median of all seconds). wait: the main thread could have run',
  'and had no core, because of its own helpers (garbage collection) or of other programs. ext: of the',
  'external metrics that are read meanwhile, 100/s. lag: with the 10 ms of the timer that it is measured',
  'by. Times of requests begin at the instant when they are due.',
];

const nameWidth = 30;
const cellWidth = 7;

function head(name: string, columns: readonly string[]): readonly string[] {
  const text = line(name, columns);
  return ['', text, '-'.repeat(text.length)];
}

function line(name: string, cells: readonly string[]): string {
  return (
    name.padEnd(nameWidth) +
    cells
      .map((cell) => cell.padStart(cellWidth))
      .join('')
      .trimEnd()
  );
}

function sharesOf({ cpuPercent, waitPercent }: Shares): readonly string[] {
  return [number(cpuPercent, 0), number(waitPercent, 0)];
}

function timesOf({ p50, p99, p999, max }: Quantiles): readonly string[] {
  return [p50, p99, p999, max].map((ms) => number(ms, 1));
}

function number(value: number, digits: number): string {
  return Number.isNaN(value) ? '-' : value.toFixed(digits);
}
