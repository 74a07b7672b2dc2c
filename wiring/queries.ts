import type { ForeignClock } from '../core/foreign-clock.js';
import { Turns, turnOfEventLoop } from '../core/pace.js';
import { CallMemory } from '../datadog/call-memory.js';
import { DatadogClient } from '../datadog/client.js';
import { KeyCheck } from '../datadog/key-check.js';
import { DatadogPoints } from '../datadog/points.js';
import type { createDispatcher } from '../datadog/transport.js';
import type { AppInputs } from './inputs.js';

/** How Datadog is asked for metrics: the calls, what is remembered of them, and whether the keys are good. */
export function buildQueries(
  { config, clock, log, registry, version }: AppInputs,
  dispatcher: ReturnType<typeof createDispatcher>,
  datadogClock: ForeignClock,
) {
  const { externalMetrics } = config;
  const client = new DatadogClient(
    { dispatcher, clock, registry, datadogClock, turns: new Turns({ goRound: turnOfEventLoop }) },
    {
      baseUrl: externalMetrics.endpoint,
      apiKey: externalMetrics.apiKey,
      appKey: externalMetrics.appKey,
      purpose: 'queries',
      timeoutMs: externalMetrics.queryTimeoutSeconds * 1000,
      userAgent: `datadog-cluster-agent/${version}`,
    },
  );
  const windowSeconds = Math.max(externalMetrics.bucketSizeSeconds, externalMetrics.maxAgeSeconds);
  const memory = new CallMemory(clock);
  return {
    memory,
    points: new DatadogPoints({ client, clock, registry, memory }, { windowSeconds }),
    keyCheck: new KeyCheck({ client, clock, log }, { consequence: 'metrics have no values' }),
  };
}
