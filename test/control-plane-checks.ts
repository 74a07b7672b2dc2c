import { loadConfig } from '../config/load.js';
import type { ControlPlaneReport } from '../controlplane/checks.js';
import { systemClock } from '../core/clock.js';
import type { Health } from '../core/component.js';
import { createRegistry, type Registry } from '../core/telemetry.js';
import { DatadogClient } from '../datadog/client.js';
import { createDispatcher } from '../datadog/transport.js';
import { KubeClient } from '../kube/client.js';
import { loadKubeTarget } from '../kube/target.js';
import { buildControlPlane, type ControlPlaneTimes } from '../wiring/control-plane.js';
import { recordingLog } from './unit/kube/fake-api.js';

/** The checks as the product fits them together, between an API server and a Datadog that a test chooses. */
export interface RunningChecks {
  readonly registry: Registry;
  /** As `level message`, each with the fields of the same place. */
  readonly log: ReturnType<typeof recordingLog>;
  lead(isLeader: boolean): void;
  health(): Health;
  describe(): ControlPlaneReport;
  stop(): Promise<void>;
}

export interface ChecksChoices {
  readonly kubeconfigPath: string;
  readonly datadogUrl: string;
  readonly times: ControlPlaneTimes;
  /** By their environment names. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Starts them as the leader's. */
export function startChecks({ kubeconfigPath, datadogUrl, times, settings }: ChecksChoices): RunningChecks {
  const environment = { DD_API_KEY: 'a'.repeat(32), DD_POD_NAME: 'dca-0', ...settings };
  const config = loadConfig({ environment, flags: {} });
  if (!config.ok) throw new Error(config.error.map(({ message }) => message).join('\n'));
  const target = loadKubeTarget({ kubeconfigPath, environment: {} });
  if (!target.ok) throw new Error(target.error);
  const log = recordingLog();
  const registry = createRegistry({ withProcessMetrics: false });
  const shared = { clock: systemClock, log, registry };
  const kube = new KubeClient(
    { target: target.value, ...shared },
    { requestTimeoutMs: 10_000, userAgent: 'test/1' },
  );
  const dispatcher = createDispatcher({ https: undefined, http: undefined, noProxy: [] });
  const client = new DatadogClient(
    { dispatcher, ...shared },
    {
      baseUrl: datadogUrl,
      apiKey: config.value.datadog.apiKey,
      appKey: undefined,
      purpose: 'intake',
      timeoutMs: 2_000,
      userAgent: 'test/1',
    },
  );
  let isLeader = true;
  const { component, describe } = buildControlPlane(
    { config: config.value, ...shared, environment: {}, version: '0', commit: '', tokens },
    { cluster: { client: kube }, leadership: { isLeader: () => isLeader }, client },
    times,
  );
  const stopping = new AbortController();
  const ended = component.run(stopping.signal);
  return {
    registry,
    log,
    lead: (leads) => {
      isLeader = leads;
    },
    health: () => component.health(),
    describe,
    stop: async () => {
      stopping.abort();
      await ended;
      await kube.close();
      await dispatcher.destroy();
    },
  };
}

const tokens = { agents: 'a'.repeat(32), local: 'b'.repeat(32) };

/** What Datadog took in last of a component, as `status: message`; `undefined` before the first. */
export function lastOf(
  runs: readonly Readonly<Record<string, unknown>>[],
  component: string,
): string | undefined {
  const run = runs.findLast(({ tags }) => Array.isArray(tags) && tags.includes(`component:${component}`));
  return run === undefined ? undefined : `${String(run['status'])}: ${String(run['message'])}`;
}
