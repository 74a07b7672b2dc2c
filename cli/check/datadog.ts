import type { Config } from '../../config/load.js';
import { mask } from '../../config/mask.js';
import type { Clock } from '../../core/clock.js';
import type { Fault } from '../../core/fault.js';
import type { ForeignClock } from '../../core/foreign-clock.js';
import { createRegistry } from '../../core/telemetry.js';
import { DatadogClient, type DatadogClientOptions } from '../../datadog/client.js';
import { DatadogPoints } from '../../datadog/points.js';
import { createDispatcher } from '../../datadog/transport.js';
import { type Finding, findingsOf } from './finding.js';

export interface DatadogCheckPorts {
  readonly clock: Clock;
  /** Learns from each answer. */
  readonly datadogClock: ForeignClock;
  readonly userAgent: string;
}

const topic = findingsOf('Datadog');
const timeoutMs = 10_000;
/** Nobody sends it, so the query costs nothing, and its answer is empty. */
const harmlessQuery = 'avg:datadog_cluster_agent.check.no_such_metric{*}.rollup(30)';

/** Asks Datadog whether it takes the keys: two small calls, and a third where events have a key or address of their own. */
export async function checkDatadog(
  ports: DatadogCheckPorts,
  config: Config,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const { externalMetrics, datadog, events } = config;
  const dispatcher = createDispatcher(config.proxy);
  const registry = createRegistry({ withProcessMetrics: false });
  const client = (chosen: Pick<DatadogClientOptions, 'baseUrl' | 'apiKey' | 'appKey' | 'purpose'>) =>
    new DatadogClient(
      { ...ports, dispatcher, registry },
      { ...chosen, timeoutMs, userAgent: ports.userAgent },
    );
  const metrics = { baseUrl: externalMetrics.endpoint, apiKey: externalMetrics.apiKey };
  const intake = { baseUrl: datadog.url, apiKey: datadog.apiKey };
  const isSame = metrics.baseUrl === intake.baseUrl && metrics.apiKey === intake.apiKey;
  try {
    const findings: Finding[] = [];
    if (externalMetrics.enabled) {
      const validator = client({ ...metrics, appKey: undefined, purpose: 'intake' });
      const apiKey = await checkApiKey(validator, metrics, signal);
      findings.push(apiKey);
      const asker = client({ ...metrics, appKey: externalMetrics.appKey, purpose: 'queries' });
      findings.push(
        await checkApplicationKey({ ...ports, client: asker, registry }, { config, apiKey }, signal),
      );
    }
    if (events.collect && !(externalMetrics.enabled && isSame)) {
      const validator = client({ ...intake, appKey: undefined, purpose: 'intake' });
      findings.push(await checkApiKey(validator, intake, signal));
    }
    if (findings.length > 0) return findings;
    return [topic.ok('nothing is asked of Datadog: external metrics and events are turned off')];
  } finally {
    await dispatcher.close();
  }
}

async function checkApiKey(
  client: DatadogClient,
  { baseUrl, apiKey }: { readonly baseUrl: string; readonly apiKey: string | undefined },
  signal: AbortSignal,
): Promise<Finding> {
  const host = new URL(baseUrl).host;
  if (apiKey === undefined)
    return topic.failed('there is no API key', 'set DD_API_KEY, from a Secret as the manifests do');
  const answer = await client.validate(signal);
  if (answer.ok) return topic.ok(`${host} takes the API key ${mask(apiKey, 'tail')}`);
  return answer.error.code === 'datadog.denied'
    ? topic.failed(
        `${host} refuses the API key ${mask(apiKey, 'tail')}`,
        `check DD_API_KEY for a typing error or a revoked key, and DD_SITE: a key of another site is refused just like a wrong one`,
      )
    : unreachable(answer.error);
}

async function checkApplicationKey(
  ports: Pick<DatadogCheckPorts, 'clock'> & {
    readonly client: DatadogClient;
    readonly registry: ReturnType<typeof createRegistry>;
  },
  { config, apiKey }: { readonly config: Config; readonly apiKey: Finding },
  signal: AbortSignal,
): Promise<Finding> {
  const { appKey, endpoint } = config.externalMetrics;
  if (appKey === undefined)
    return topic.failed(
      'there is no application key, without which no metric can be asked for',
      'set DD_APP_KEY, from a Secret as the manifests do; its owner must be allowed to read time series (timeseries_query)',
    );
  if (apiKey.verdict !== 'ok')
    return topic.skipped(
      'the application key cannot be judged before the API key is taken',
      'mend what stands above, then look again',
    );
  const points = new DatadogPoints(ports, { windowSeconds: 60 });
  const answer = await points.latest([harmlessQuery], signal);
  const shown = mask(appKey, 'tail');
  if (answer.ok)
    return topic.ok(`${new URL(endpoint).host} answers queries with the application key ${shown}`);
  switch (answer.error.code) {
    case 'datadog.denied':
      return topic.failed(
        `${new URL(endpoint).host} takes the API key, but refuses queries with the application key ${shown}`,
        'check DD_APP_KEY: that it belongs to the same organization, is not revoked, and has the scope timeseries_query (or no scopes), and that its owner may read metrics',
      );
    case 'datadog.rate_limited':
      return topic.warning(
        `the application key could not be judged: ${answer.error.message}`,
        'look again later; when this stays, ask Datadog for a greater budget of queries',
      );
    default:
      return unreachable(answer.error);
  }
}

function unreachable(fault: Fault): Finding {
  return topic.failed(
    fault.message,
    'see to it that this place may reach Datadog over HTTPS, through DD_PROXY_HTTPS where a proxy is between, and that DD_SITE is right',
  );
}
