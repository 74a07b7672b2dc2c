import { type CheckSink, type ComponentCheck, ControlPlaneChecks } from '../../../controlplane/checks.js';
import type { ListedComponent, Patience, Readiness } from '../../../controlplane/reading.js';
import { Fault, type FaultCode } from '../../../core/fault.js';
import { fail, ok, type Result } from '../../../core/result.js';
import { createRegistry } from '../../../core/telemetry.js';
import { FakeClock } from '../../fake-clock.js';
import { recordingLog } from '../kube/fake-api.js';

export const startMs = Date.UTC(2026, 0, 1);

export const well = (name: string): ListedComponent => ({ name, health: 'healthy', message: 'ok' });

export function faultOf(code: FaultCode, message: string = code): { readonly ok: false; error: Fault } {
  return fail(new Fault(code, message));
}

/** The checks between a control plane, a Datadog and an election, all of which a test moves by hand. */
export function scene(options: { readonly usesComponentStatus?: boolean } = {}) {
  const clock = new FakeClock(startMs);
  const log = recordingLog();
  const registry = createRegistry({ withProcessMetrics: false });
  const world = {
    isLeader: true,
    components: ok([well('scheduler'), well('etcd-0')]) as Result<readonly ListedComponent[], Fault>,
    readiness: ok({ isReady: true, checks: [{ name: 'etcd', passed: true }] }) as Result<Readiness, Fault>,
    datadog: ok(undefined) as Result<undefined, Fault>,
    /** What happens while the components are read. */
    whileReading: (): void | Promise<void> => {},
    reads: [] as string[],
    patience: [] as Patience[],
    sent: [] as (readonly ComponentCheck[])[],
  };
  const source = {
    components: async (patience: Patience) => {
      world.patience.push(patience);
      world.reads.push('componentstatuses');
      await world.whileReading();
      return world.components;
    },
    readiness: async () => {
      world.reads.push('readyz');
      return world.readiness;
    },
  };
  const sink: CheckSink = {
    submit: async (checks) => {
      world.sent.push(checks);
      return world.datadog;
    },
  };
  const leadership = { isLeader: () => world.isLeader };
  const checks = new ControlPlaneChecks(
    { source, sink, leadership, clock, log, registry },
    { usesComponentStatus: true, hostname: 'dca-0', tags: ['env:prod'], ...options },
  );
  const stop = new AbortController();
  /** The last that was sent, as `component status: message`. */
  const last = (): readonly string[] | undefined =>
    world.sent.at(-1)?.map(({ tags, status, message }) => `${tags[0]?.slice(10)} ${status}: ${message}`);
  return {
    world,
    clock,
    log,
    registry,
    checks,
    stop,
    last,
    start: () => checks.run(stop.signal),
    /** One period goes by. */
    tick: () => clock.advance(15_000),
  };
}
