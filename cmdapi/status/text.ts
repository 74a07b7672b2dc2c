import { controlPlaneLines, eventLines, metadataLines, reflectorLines } from './cluster-sections.js';
import { boxed, heading, type Line, line, noPaint, type Paint, toText } from './layout.js';
import { externalMetricsLines, storeLines } from './metrics-sections.js';
import {
  clockLines,
  hostnameLines,
  keyLines,
  leaderLines,
  listenerLines,
  logLines,
  pathLines,
  processLines,
} from './process-sections.js';
import { isTold, type Part, type StatusReport } from './report.js';

/** For people, in the layout of the original agent's `status`, at most 100 columns wide. */
export function statusText(report: StatusReport, paint: Paint = noPaint): string {
  const title = `Datadog Cluster Agent (v${report.version})`;
  const parts = sections.flatMap(({ title: name, lines }) => [
    line(0, ''),
    ...heading(0, name, '='),
    ...safely(() => lines(report)),
  ]);
  return toText([...boxed(title), line(0, ''), ...safely(() => processLines(report)), ...parts], paint);
}

interface Section {
  readonly title: string;
  lines(report: StatusReport): readonly Line[];
}

/** In the order of the original, as far as it has them. */
const sections: readonly Section[] = [
  { title: 'Paths', lines: pathLines },
  { title: 'Clocks', lines: ({ clocks }) => clockLines(clocks) },
  { title: 'Hostnames', lines: hostnameLines },
  { title: 'Leader Election', lines: (report) => leaderLines(report.leader, report.pod, now(report)) },
  {
    title: 'Custom Metrics Server',
    lines: (report) =>
      told(report.externalMetrics, (part) => externalMetricsLines(part, isLeader(report), now(report))),
  },
  { title: 'Store', lines: (report) => told(report.store, (part) => storeLines(part, isLeader(report))) },
  {
    title: 'Reflectors',
    lines: (report) => told(report.reflectors, (part) => reflectorLines(part, now(report))),
  },
  { title: 'Metadata Mapper', lines: ({ metadata }) => told(metadata, metadataLines) },
  { title: 'Events', lines: (report) => told(report.events, (part) => eventLines(part, now(report))) },
  {
    title: 'Service Checks',
    lines: (report) => told(report.controlPlane, (part) => controlPlaneLines(part, now(report))),
  },
  { title: 'API Keys status', lines: (report) => told(report.keys, (part) => keyLines(part, now(report))) },
  { title: 'Listeners', lines: ({ listeners }) => told(listeners, listenerLines) },
  { title: 'Last warnings and errors', lines: ({ recentLog }) => told(recentLog, logLines) },
];

function told<T extends object>(part: Part<T>, lines: (part: T) => readonly Line[]): readonly Line[] {
  return isTold(part) ? lines(part) : [line(1, part.unavailable, 'doubtful')];
}

/** A report of another version may lack a part; the others are still worth showing. */
function safely(lines: () => readonly Line[]): readonly Line[] {
  try {
    return lines();
  } catch (error: unknown) {
    return [line(1, `This part cannot be shown: ${String(error)}`, 'bad')];
  }
}

function isLeader({ leader }: StatusReport): boolean {
  return leader.who === 'me';
}

function now({ time }: StatusReport): number {
  return Date.parse(time);
}
