import { field, heading, type Line, line, type Tone } from './layout.js';
import type {
  ClockStatus,
  KeyStatus,
  LeaderStatus,
  ListenerStatus,
  LogStatus,
  ReignStatus,
  StatusReport,
} from './report.js';
import { counted, duration, since, toIso } from './units.js';

/** Version, process, host and health: what stands before the sections proper. */
export function processLines({ time, commit, pod, process, health }: StatusReport): readonly Line[] {
  const started = toIso(Date.parse(process.startedAt));
  const { ready, live } = health;
  return [
    line(1, `Status date: ${time}`),
    line(1, `Commit: ${commit}`),
    line(1, `Pid: ${process.pid}`),
    line(1, `Node.js: ${process.nodeVersion}`),
    line(1, `Pod: ${pod}`),
    line(1, `Uptime: ${duration(process.uptimeSeconds)} (since ${started})`),
    line(1, `Log Level: ${process.logLevel}`),
    ...verdictLine('Ready', ready.Unhealthy),
    ...verdictLine('Live', live.Unhealthy),
    ...Object.entries(ready.Details).map(([name, detail]) =>
      line(2, `${name}: ${detail}`, ready.Unhealthy.includes(name) ? 'bad' : 'doubtful'),
    ),
  ];
}

function verdictLine(what: string, unhealthy: readonly string[]): readonly Line[] {
  return unhealthy.length === 0
    ? [line(1, `${what}: yes`, 'good')]
    : [line(1, `${what}: no (${unhealthy.join(', ')})`, 'bad')];
}

export function pathLines({ process: { settingsFile } }: StatusReport): readonly Line[] {
  return [line(1, settingsFile === null ? 'There is no config file' : `Config File: ${settingsFile}`)];
}

export function hostnameLines({ process: { hostname, hostnameFrom } }: StatusReport): readonly Line[] {
  return [line(1, `hostname: ${hostname}`), line(1, `hostname provider: ${hostnameFrom}`)];
}

export function clockLines(clocks: ClockStatus): readonly Line[] {
  const { ownTime, aheadOfDatadogSeconds, aheadOfClusterSeconds, trouble } = clocks;
  return [
    line(1, `System UTC time: ${ownTime}`),
    clockLine("Datadog's clock", aheadOfDatadogSeconds),
    clockLine("API server's clock", aheadOfClusterSeconds),
    ...field(1, 'Warning', trouble, 'doubtful'),
  ];
}

function clockLine(whose: string, aheadSeconds: number | null): Line {
  if (aheadSeconds === null) return line(1, `${whose}: not heard yet`);
  if (aheadSeconds === 0) return line(1, `${whose}: within 5 s of ours`);
  const way = aheadSeconds > 0 ? 'behind' : 'ahead of';
  return line(1, `${whose}: ${duration(Math.abs(aheadSeconds))} ${way} ours`, 'doubtful');
}

export function leaderLines(leader: LeaderStatus, pod: string, nowMs: number): readonly Line[] {
  if (!leader.isElected)
    return [line(1, 'Leader Election Status: disabled; this replica always leads (DD_LEADER_ELECTION)')];
  return [line(1, 'Leader Election Status: Running'), ...leaderNameLines(leader, pod, nowMs)];
}

function leaderNameLines(leader: LeaderStatus, pod: string, nowMs: number): readonly Line[] {
  switch (leader.who) {
    case 'me':
      return [line(1, `Leader Name is: ${pod} (this replica)`, 'good'), ...reignLines(leader, nowMs)];
    case 'other':
      return [line(1, `Leader Name is: ${leader.name}`), ...reignLines(leader, nowMs)];
    case 'unknown':
      return [
        line(1, 'Leader Name is: not known; see kubectl get lease, and this replica under Ready', 'bad'),
      ];
  }
}

function reignLines({ sinceMs, renewedAtMs, transitions }: ReignStatus, nowMs: number): readonly Line[] {
  return [
    line(1, `Leading since: ${sinceInstant(sinceMs, nowMs)}`),
    line(1, `Last renewed: ${sinceInstant(renewedAtMs, nowMs)}`),
    line(1, `Transitions: ${transitions}`),
  ];
}

/** Whatever another replica wrote as its time. */
function sinceInstant(atMs: number, nowMs: number): string {
  const date = new Date(atMs);
  return Number.isNaN(date.getTime()) ? 'no date' : since(date.toISOString(), nowMs);
}

const verdicts: Readonly<Record<KeyStatus['verdict'], readonly [string, Tone]>> = {
  valid: ['API Key valid', 'good'],
  invalid: ['API Key invalid', 'bad'],
  unknown: ['not known whether valid', 'doubtful'],
};

export function keyLines(keys: readonly KeyStatus[], nowMs: number): readonly Line[] {
  if (keys.length === 0) return [line(1, 'none is used: neither external metrics nor the intake is on')];
  return keys.flatMap(({ kind, purpose, shown, verdict, detail, checkedAt }) => {
    if (shown === null) return [line(1, `${kind} for ${purpose}: not set`, 'bad')];
    const [text, tone] = verdicts[verdict];
    const words = kind === 'API key' ? text : text.replace('API Key', 'application key');
    return [
      line(1, `${kind} for ${purpose}${endOf(shown)}: ${words}`, tone),
      line(2, checkedAt === null ? 'not checked yet' : `checked: ${since(checkedAt, nowMs)}`),
      ...(detail === null ? [] : [line(2, detail, tone)]),
    ];
  });
}

function endOf(shown: string): string {
  const end = shown.replaceAll('*', '');
  return end === '' ? ', too short to show any of it' : ` ending with ${end}`;
}

export function listenerLines(listeners: readonly ListenerStatus[]): readonly Line[] {
  return listeners.map(({ name, port, connections }) =>
    port === null
      ? line(1, `${name}: not listening`, 'doubtful')
      : line(1, `${name}: port ${port}, ${counted(connections, 'open connection')}`),
  );
}

export function logLines(lines: readonly LogStatus[]): readonly Line[] {
  if (lines.length === 0) return [line(1, 'none since this replica started, or below its log level')];
  return lines.flatMap(({ time, level, message, fields }) => [
    line(1, `${time} ${level.toUpperCase()}: ${message}`, level === 'warn' ? 'doubtful' : 'bad'),
    ...(fields === '' ? [] : [line(2, fields)]),
  ]);
}

/** A heading of a part within a section. */
export function subsection(title: string, lines: readonly Line[]): readonly Line[] {
  return [line(0, ''), ...heading(1, title, '-'), ...lines.map(deeper)];
}

function deeper({ text, tone }: Line): Line {
  return line(1, text, tone);
}
