import type { Clock } from '../core/clock.js';
import type { Component, Health } from '../core/component.js';
import type { Fault } from '../core/fault.js';
import type { Logger } from '../core/log.js';
import type { Result } from '../core/result.js';
import { counter, type Registry } from '../core/telemetry.js';
import { judge } from './judge.js';
import { ControlPlaneReader } from './reader.js';
import type { ControlPlaneSource, Reading } from './reading.js';
import { type KnownComponent, remember } from './roster.js';

/** The service check of the original agent: https://docs.datadoghq.com/containers/kubernetes/control_plane/. */
const checkName = 'kube_apiserver_controlplane.up';
/** As often as the original agent. */
const defaultPeriodMs = 15_000;
/** However long a look takes, so that a slow API server is not asked without end. */
const shortestPauseMs = 1_000;

const refused =
  'service checks of the control plane are not accepted; the next look is sent, and this one is not kept';

/** One state of one component, to be told to Datadog. */
export interface ComponentCheck {
  readonly name: string;
  readonly status: 'ok' | 'critical' | 'unknown';
  readonly message: string;
  readonly tags: readonly string[];
  readonly host: string;
  readonly observedAtMs: number;
}

export interface CheckSink {
  /** All in one call, at most once. */
  submit(checks: readonly ComponentCheck[], signal: AbortSignal): Promise<Result<undefined, Fault>>;
}

export interface ControlPlaneChecksPorts {
  readonly source: ControlPlaneSource;
  readonly sink: CheckSink;
  readonly leadership: { isLeader(): boolean };
  readonly clock: Clock;
  readonly log: Logger;
  readonly registry: Registry;
}

export interface ControlPlaneChecksOptions {
  readonly usesComponentStatus: boolean;
  /** The host that the checks are of. */
  readonly hostname: string;
  /** On each check, beside that of its component. */
  readonly tags: readonly string[];
  /** From the start of one look to the start of the next; default 15 s. */
  readonly periodMs?: number;
}

/** What a status page tells; times are ISO 8601. */
export interface ControlPlaneReport {
  /** `null` while this replica has not looked, which only the leader does. */
  readonly source: Reading['source'] | null;
  readonly lastReadAt: string | null;
  readonly components: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly since: string;
  }[];
  readonly lastSubmission: { readonly at: string; readonly trouble: string | null } | null;
  readonly denial: string | null;
}

interface Look {
  readonly source: Reading['source'];
  readonly atMs: number;
}

interface Submission {
  readonly atMs: number;
  readonly fault: Fault | undefined;
}

/** The leader tells Datadog every 15 s how the parts of the control plane do. Nothing is kept for later. */
export class ControlPlaneChecks implements Component {
  readonly name = 'control-plane-checks';
  readonly #ports: ControlPlaneChecksPorts;
  readonly #options: ControlPlaneChecksOptions;
  readonly #reader: ControlPlaneReader;
  readonly #metrics: ReturnType<typeof createMetrics>;
  #known: readonly KnownComponent[] = [];
  #look: Look | undefined;
  #submission: Submission | undefined;

  constructor(ports: ControlPlaneChecksPorts, options: ControlPlaneChecksOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#reader = new ControlPlaneReader(ports, options);
    this.#metrics = createMetrics(ports.registry);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports;
    const { periodMs = defaultPeriodMs } = this.#options;
    while (!signal.aborted) {
      const startedAtMs = clock.monotonicMs();
      await this.#tick(signal);
      // Who does not lead has only asked for that, and shall look as soon as it does.
      const nextAtMs = startedAtMs + (this.#look === undefined ? shortestPauseMs : periodMs);
      const restMs = nextAtMs - clock.monotonicMs();
      await clock.sleep(Math.max(restMs, Math.min(shortestPauseMs, periodMs)), signal);
    }
  }

  /** Never unready: what Datadog hears of the control plane takes no metric away. */
  health(): Health {
    if (this.#look === undefined) return { state: 'ready' };
    const { denial } = this.#reader;
    const fault = this.#submission?.fault;
    const troubles = [
      ...(denial === undefined ? [] : [denial]),
      ...(fault === undefined ? [] : [`service checks are not accepted: ${fault.message}`]),
    ];
    return troubles.length === 0
      ? { state: 'ready' }
      : { state: 'degraded', detail: troubles.join('; and ') };
  }

  describe(): ControlPlaneReport {
    const look = this.#look;
    const submission = this.#submission;
    return {
      source: look?.source ?? null,
      lastReadAt: look === undefined ? null : toIso(look.atMs),
      components: this.#known.map(({ name, status, message, sinceMs }) => ({
        name,
        status,
        message,
        since: toIso(sinceMs),
      })),
      lastSubmission: submission === undefined ? null : describeSubmission(submission),
      denial: (look && this.#reader.denial) ?? null,
    };
  }

  async #tick(signal: AbortSignal): Promise<void> {
    const { leadership } = this.#ports;
    if (!leadership.isLeader()) return this.#forget();
    const reading = await this.#reader.read(signal);
    if (signal.aborted) return;
    // A look may take seconds: by now another replica may speak for the cluster.
    if (!leadership.isLeader()) return this.#forget();
    this.#see(reading);
    await this.#submit(signal);
  }

  /** What is known is the leader's: who leads later begins with what it sees itself. */
  #forget(): void {
    this.#known = [];
    this.#look = undefined;
    this.#submission = undefined;
  }

  #see(reading: Reading): void {
    const { clock } = this.#ports;
    const now = { wallMs: clock.nowMs(), monotonicMs: clock.monotonicMs() };
    const names = this.#known.map(({ name }) => name);
    this.#known = remember(this.#known, judge(reading, names), now);
    this.#look = { source: reading.source, atMs: now.wallMs };
  }

  async #submit(signal: AbortSignal): Promise<void> {
    const { sink, clock } = this.#ports;
    const submitted = await sink.submit(
      this.#known.map((known) => this.#toCheck(known)),
      signal,
    );
    if (signal.aborted) return;
    const fault = submitted.ok ? undefined : submitted.error;
    this.#metrics.submissions.inc({ outcome: fault?.code ?? 'accepted' });
    if (fault === undefined)
      for (const { name, status } of this.#known)
        this.#metrics.checks.inc({ component: toLabel(name), status });
    this.#tell(this.#submission?.fault, fault);
    this.#submission = { atMs: clock.nowMs(), fault };
  }

  #toCheck({ name, status, message }: KnownComponent): ComponentCheck {
    return {
      name: checkName,
      status,
      message,
      tags: [`component:${name}`, ...this.#options.tags],
      host: this.#options.hostname,
      observedAtMs: this.#look?.atMs ?? this.#ports.clock.nowMs(),
    };
  }

  /** Once when it begins or becomes something else, and once when it is over. */
  #tell(before: Fault | undefined, fault: Fault | undefined): void {
    if (before?.code === fault?.code) return;
    const { log } = this.#ports;
    if (fault === undefined) log.info({}, 'Datadog accepts service checks again');
    else log.warn({ code: fault.code, reason: fault.message }, refused);
  }
}

function describeSubmission({ atMs, fault }: Submission) {
  return { at: toIso(atMs), trouble: fault?.message ?? null };
}

function toIso(atMs: number): string {
  return new Date(atMs).toISOString();
}

/** Names come from the cluster; only those that Kubernetes itself gives become a label of a metric. */
function toLabel(name: string): string {
  if (/^etcd-\d+$/.test(name)) return 'etcd';
  return ['apiserver', 'etcd', 'scheduler', 'controller-manager'].includes(name) ? name : 'other';
}

function createMetrics(registry: Registry) {
  return {
    checks: counter(
      registry,
      'control_plane_checks_total',
      'Service checks of the control plane that Datadog accepted, by component and status.',
      ['component', 'status'],
    ),
    submissions: counter(
      registry,
      'control_plane_submissions_total',
      'Calls that took service checks of the control plane to Datadog, and those that a rate limit forbade, by outcome.',
      ['outcome'],
    ),
  };
}
