import { DatadogSimulator } from '../../simulator/datadog.js';
import { constant } from '../../simulator/datadog-shapes.js';
import { serve } from '../shared/remote.js';
import { matchLabels, metricName } from './metric-set.js';

/** What the stand-in Datadog was asked for since it was asked last. */
export interface DatadogTally {
  readonly calls: number;
  readonly queries: number;
  readonly sentBytes: number;
  /** Of the first and the last call, milliseconds since the epoch; NaN without any. */
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

/** What the process of the stand-in Datadog can be asked to do. */
export interface DatadogCalls {
  start(given: { readonly latencyMs: number; readonly sampleSeconds: number }): Promise<string>;
  /** Metrics 0 to `count` - 1 exist from now on. */
  have(count: number): Promise<void>;
  /** One more, without tags, of value 1. */
  haveAnother(name: string): Promise<void>;
  tally(given: undefined): Promise<DatadogTally>;
}

const queryPath = '/api/v1/query';

function datadogCalls(): DatadogCalls {
  let datadog: DatadogSimulator | undefined;
  let had = 0;
  const started = (): DatadogSimulator => {
    if (datadog === undefined) throw new Error('start the stand-in first');
    return datadog;
  };
  return {
    start: async ({ latencyMs, sampleSeconds }) => {
      datadog = new DatadogSimulator({}, { sampleSeconds, maxRecords: 50_000 });
      datadog.faults.always({ kind: 'latency', ms: latencyMs });
      return (await datadog.start()).url;
    },
    have: async (count) => {
      for (; had < count; had += 1) started().shape(metricName(had), matchLabels(had), constant(had));
    },
    haveAnother: async (name) => started().shape(name, [], constant(1)),
    tally: async () => {
      const calls = started().calls.filter(({ path }) => path === queryPath);
      started().clearCalls();
      const times = calls.map(({ atMonotonicMs }) => performance.timeOrigin + atMonotonicMs);
      return {
        calls: calls.length,
        queries: calls.reduce((sum, { queries }) => sum + queries.length, 0),
        sentBytes: calls.reduce((sum, { sentBytes }) => sum + (sentBytes ?? 0), 0),
        firstAtMs: times[0] ?? Number.NaN,
        lastAtMs: times.at(-1) ?? Number.NaN,
      };
    },
  };
}

serve(datadogCalls());
