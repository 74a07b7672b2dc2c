import type { ProxiedRequest } from './proxied-request.js';
import type { Answer, PhaseChange, Recording, Traffic } from './recorder.js';
import { pointOf } from './watched.js';

/** A rule that was broken, and by what. */
export interface Violation {
  readonly rule: string;
  readonly detail: string;
}

/** What may be wrong while a scenario's fault lasts. Nothing is allowed unless it stands here. */
export interface Allowances {
  /** What a refusal may say: each message that is allowed, and why it is true. */
  readonly refusals?: readonly RegExp[];
  /** No answer at all, for reads whose way (`aggregator`, or a replica's name) matches. */
  readonly broken?: readonly RegExp[];
  /** Lines of a replica's log with `forbidden` that belong to the scenario. */
  readonly forbidden?: readonly RegExp[];
  /** Replicas whose processes the scenario ends by itself need no entry here: their phases tell. */
  readonly endings?: readonly RegExp[];
  /** How old a value may be, where the scenario gives its replicas another limit than the world does. */
  readonly maxAgeMs?: number;
  /**
   * Whether kube-apiserver itself may be slow to carry out what it took: a write that its sender sent while it held the
   * lease may then land a little later, as long as it precedes what the next holder writes, which so cannot be lost.
   */
  readonly hasLateWrites?: boolean;
}

type Rule = (recording: Recording, allowances: Allowances) => readonly string[];

/** How far apart two clocks of one machine may read. */
const clockSlackMs = 50;

/** The rules that hold whatever happens; each answers with what broke it. */
const rules: Readonly<Record<string, Rule>> = {
  'an answer is one item of the metric asked for': ({ answers }) =>
    answers.flatMap((answer) =>
      answer.outcome.kind === 'misshapen' ? [`${where(answer)}: ${answer.outcome.body}`] : [],
    ),

  'a value is a point of its own metric, with the time of that point': ({ answers }) =>
    answers.flatMap((answer) => {
      if (answer.outcome.kind !== 'value') return [];
      const { value, timestampMs } = answer.outcome;
      const point = pointOf(value);
      const isOwn = point?.index === answer.metric.index && point.observedAtMs === timestampMs;
      return isOwn ? [] : [`${where(answer)}: ${value} of ${new Date(timestampMs).toISOString()}`];
    }),

  'no value is older than its bound, or of the future': (
    { answers, maxAgeMs: worldsMaxAgeMs },
    { maxAgeMs = worldsMaxAgeMs },
  ) =>
    answers.flatMap((answer) => {
      const ageMs = ageOf(answer);
      return ageMs !== undefined &&
        (ageMs > maxAgeMs || answer.receivedAtMs - answer.sentAtMs + ageMs < -clockSlackMs)
        ? [`${where(answer)}: ${ageMs} ms old`]
        : [];
    }),

  'a replica never goes back to an older point': ({ answers }) => {
    const newest = new Map<string, number>();
    return answers.flatMap((answer) => {
      if (answer.outcome.kind !== 'value' || answer.via === 'aggregator') return [];
      const key = `${answer.via} ${answer.metric.namespace} ${answer.metric.index}`;
      const before = newest.get(key) ?? 0;
      newest.set(key, Math.max(before, answer.outcome.timestampMs));
      return answer.outcome.timestampMs < before
        ? [`${where(answer)}: back by ${before - answer.outcome.timestampMs} ms`]
        : [];
    });
  },

  'a refusal says something that is true of the fault': ({ answers }, { refusals = [] }) =>
    answers.flatMap((answer) => {
      if (answer.outcome.kind !== 'refused') return [];
      const { status, reason, message } = answer.outcome;
      // kube-apiserver's own words, when it finds no replica, come as plain text.
      const isPlain = answer.via === 'aggregator' && /^(error trying|service unavailable\s*$)/.test(message);
      const hasForm = reason !== '' || isPlain;
      const isTrue = hasForm && refusals.some((pattern) => pattern.test(message));
      return isTrue ? [] : [`${where(answer)}: ${status} ${reason} ${message}`];
    }),

  'a read that a running replica got is answered': (recording, { broken = [] }) =>
    recording.answers.flatMap((answer) => {
      if (answer.outcome.kind !== 'broken' || broken.some((pattern) => pattern.test(answer.via))) return [];
      return isExcused(recording, answer) ? [] : [`${where(answer)}: ${answer.outcome.message}`];
    }),

  'nobody asks Datadog once another replica has the lease': ({ traffic, fromMs }) =>
    tenures(traffic).flatMap(({ holder, fromMs: heldFromMs, untilMs }) =>
      traffic
        .filter(({ replica }) => replica !== holder)
        .flatMap(({ replica, datadogCalls }) =>
          datadogCalls
            .filter(({ path }) => path === '/api/v1/query')
            .map(({ atMonotonicMs }) => performance.timeOrigin + atMonotonicMs)
            .filter((atMs) => atMs >= fromMs && atMs > heldFromMs + clockSlackMs && atMs < untilMs)
            .map(
              (atMs) => `${replica} asked ${Math.round(atMs - heldFromMs)} ms after ${holder} had the lease`,
            ),
        ),
    ),

  'no write to the shared metrics lands but by the holder of the lease': (
    { traffic, fromMs },
    { hasLateWrites = false },
  ) => {
    const leases = tenures(traffic);
    const isLate = (write: ProxiedRequest, replica: string, at: Tenure): boolean =>
      leases.findLast((lease) => lease.fromMs <= write.startedAtMs)?.holder === replica &&
      !traffic.some(
        (other) =>
          other.replica === at.holder &&
          other.apiRequests.some(
            ({ method, path, resourceVersion = '0' }) =>
              method !== 'GET' &&
              isMetricsBox(path) &&
              BigInt(resourceVersion) > at.fromRevision &&
              BigInt(resourceVersion) < BigInt(write.resourceVersion ?? '0'),
          ),
      );
    return traffic.flatMap(({ replica, apiRequests }) =>
      apiRequests
        .filter(
          ({ method, path, status = 0, startedAtMs }) =>
            startedAtMs >= fromMs && method !== 'GET' && isMetricsBox(path) && status < 300 && status >= 200,
        )
        .flatMap((write) => {
          const { method, path, resourceVersion = '0' } = write;
          const revision = BigInt(resourceVersion);
          const at = leases.findLast((lease) => lease.fromRevision <= revision);
          if (revision === 0n || at === undefined || at.holder === replica) return [];
          if (hasLateWrites && isLate(write, replica, at)) return [];
          return [`${replica}: ${method} ${path} at ${revision}, while ${at.holder || 'nobody'} held it`];
        }),
    );
  },

  'no process ends but those that the test ends': ({ phases, fromMs }, { endings = [] }) =>
    phases
      .filter(({ phase, atMs, ending = '' }) => phase === 'gone' && atMs >= fromMs && ending !== '')
      .flatMap(({ replica, ending = '' }) =>
        ending === 'exit code 0' ||
        ending === 'signal SIGKILL' ||
        endings.some((pattern) => pattern.test(ending))
          ? []
          : [`${replica}: ${ending}`],
      ),

  'nothing is forbidden by the shipped rights': ({ traffic }, { forbidden = [] }) =>
    traffic.flatMap(({ replica, log }) =>
      log
        .split('\n')
        .filter((line) => /forbidden|kube\.denied/i.test(line))
        .filter((line) => !forbidden.some((pattern) => pattern.test(line)))
        .map((line) => `${replica}: ${line}`),
    ),

  'no key and no token is in a log': ({ traffic }) =>
    traffic.flatMap(({ replica, log }) =>
      /a{32}|b{40}|agentsToken0123|eyJhbGciOi|PRIVATE KEY/.test(log) ? [`${replica} wrote a secret`] : [],
    ),
};

/** Everything in a recording that must never be, at most five details a rule. */
export function violationsOf(recording: Recording, allowances: Allowances): readonly Violation[] {
  return Object.entries(rules).flatMap(([rule, judge]) => {
    const details = judge(recording, allowances);
    const more = details.length > 5 ? [`and ${details.length - 5} more`] : [];
    return [...details.slice(0, 5), ...more].map((detail) => ({ rule, detail }));
  });
}

/** How old the value was when it was asked for; `undefined` where there is none. */
export function ageOf(answer: Answer): number | undefined {
  return answer.outcome.kind === 'value' ? answer.sentAtMs - answer.outcome.timestampMs : undefined;
}

/** Somebody’s time as the holder of the lease, by the API server’s word. */
export interface Tenure {
  readonly holder: string;
  readonly fromRevision: bigint;
  /** When the API server's answer to the acquisition had passed the proxy; the lease was its own a little before. */
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Who held the lease and when, in the order in which the API server accepted it. */
export function tenures(traffic: readonly Traffic[]): readonly Tenure[] {
  const writes = traffic
    .flatMap(({ apiRequests }) => apiRequests)
    .filter(
      ({ path, resourceVersion, status = 0 }) =>
        path.includes('/leases') && resourceVersion !== undefined && status >= 200 && status < 300,
    )
    .map(({ holder = '', resourceVersion = '0', endedAtMs = 0 }) => ({
      holder,
      fromRevision: BigInt(resourceVersion),
      fromMs: endedAtMs,
    }))
    .sort((one, other) => (one.fromRevision < other.fromRevision ? -1 : 1))
    .filter(({ holder }, index, all) => index === 0 || all[index - 1]?.holder !== holder);
  return writes.map((write, index) => ({
    ...write,
    untilMs: writes[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY,
  }));
}

function isMetricsBox(path: string): boolean {
  return /\/configmaps(\/datadog-custom-metrics(-\d+)?)?(\?|$)/.test(path);
}

/** Whether the test had taken away what the read needed, at any time while it was under way. */
function isExcused({ phases, outages }: Recording, { via, sentAtMs, receivedAtMs }: Answer): boolean {
  if (via === 'aggregator')
    return outages.some(
      ({ fromMs, untilMs = Number.POSITIVE_INFINITY }) =>
        fromMs <= receivedAtMs && untilMs >= sentAtMs - settleMs,
    );
  return phasesDuring(phases, via, sentAtMs - settleMs, receivedAtMs).some((phase) => phase !== 'running');
}

/** A connection may be found broken a moment after what broke it is whole again. */
const settleMs = 1_000;

function phasesDuring(
  phases: readonly PhaseChange[],
  replica: string,
  fromMs: number,
  untilMs: number,
): string[] {
  const own = phases.filter((change) => change.replica === replica);
  const before = own.findLast(({ atMs }) => atMs <= fromMs);
  const within = own.filter(({ atMs }) => atMs > fromMs && atMs <= untilMs);
  return [before?.phase ?? 'gone', ...within.map(({ phase }) => phase)];
}

function where({ via, metric, sentAtMs }: Answer): string {
  return `${new Date(sentAtMs).toISOString().slice(11, 23)} ${via} ${metric.namespace}/${metric.name}#${metric.index}`;
}
