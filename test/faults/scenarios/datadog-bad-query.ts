import type { DatadogFault } from '../../../simulator/datadog/faults.js';
import { autoscaler, deployment, namespace } from '../../e2e/objects.js';
import { untilConditionHolds, untilConditionSays } from '../datadog-outage.js';
import { check, since } from '../expect.js';
import type { Scenario, Size } from '../scenario.js';
import type { FaultWorld } from '../world.js';

/** How Datadog refuses one query, each time with the whole batch that it is in; and what its user must read. */
interface Refusal {
  readonly metric: string;
  readonly fault: DatadogFault;
  readonly says: RegExp;
}

const refusals: readonly Refusal[] = [
  { metric: 'spoiled.one', fault: { kind: 'status', status: 400 }, says: /400: .*spoiled\.one/ },
  { metric: 'spoiled.two', fault: { kind: 'errorBody' }, says: /200 with an error: .*spoiled\.two/ },
  {
    metric: 'spoiled.three',
    fault: { kind: 'status', status: 422 },
    says: /422: Unprocessable Entity/,
  },
];

const countOf: Readonly<Record<Size, number>> = { short: 1, long: refusals.length };

/** A batch of four, one proven query asked alone, two halvings: so many calls may hold the bad one. */
const spoiledBound = 1 + 1 + 2;
/** A refused query is tried again after half a minute at most. */
const retryBoundSeconds = 30 + 2;

/** One autoscaler asks for what Datadog refuses. Nothing is allowed here: no other read may fail. */
export const datadogBadQuery: Scenario = {
  id: '3h',
  title: 'one bad query among many',
  run: async (world, size) => {
    const spoiled: number[] = [];
    for (const refusal of refusals.slice(0, countOf[size])) spoiled.push(await turnBad(world, refusal));
    const note = `only its own autoscaler was refused; calls that it spoiled: ${spoiled.join(', ')}`;
    if (size === 'short') {
      await tidy(world, refusals.slice(0, 1));
      return { note };
    }
    const healedAtMs = Date.now();
    for (const { metric } of refusals) await untilConditionHolds(world, `hpa ${namespace}/${nameOf(metric)}`);
    const seconds = since(healedAtMs);
    check(seconds <= retryBoundSeconds, () => `${seconds} s until good queries were asked again`);
    await tidy(world, refusals);
    return { note: `${note}; good again after ${seconds.toFixed(0)} s` };
  },
};

function nameOf(metric: string): string {
  return metric.replace('.', '-');
}

/** A query that was good turns bad. Answers how many calls it spoiled. */
async function turnBad(world: FaultWorld, { metric, fault, says }: Refusal): Promise<number> {
  const { datadogs, plane } = world;
  const [name, pattern] = [nameOf(metric), new RegExp(metric)];
  const condition = `hpa ${namespace}/${name}`;
  datadogs.shape(metric, [], () => 1);
  const target = { type: 'AverageValue', averageValue: '1' };
  await plane.apply(deployment(name), autoscaler(name, { metric, target, maxReplicas: 3 }));
  await untilConditionHolds(world, condition);
  const fromMs = performance.now();
  datadogs.forQuery(pattern, fault);
  await untilConditionSays(world, condition, [
    /rejected: Datadog refuses the query/,
    new RegExp(`query avg:${metric}\\{\\*\\}`),
    says,
  ]);
  const spoiled = datadogs
    .queriesOf(await world.holder())
    .filter(
      ({ atMonotonicMs, queries }) => atMonotonicMs >= fromMs && queries.some((one) => pattern.test(one)),
    );
  check(
    spoiled.length >= 1 && spoiled.length <= spoiledBound,
    () => `${spoiled.length} calls were spoiled, expected ${spoiledBound} at most`,
  );
  datadogs.heal();
  return spoiled.length;
}

async function tidy({ plane, datadogs }: FaultWorld, made: readonly Refusal[]): Promise<void> {
  for (const { metric } of made) {
    const names = [`hpa/${nameOf(metric)}`, `deployment/${nameOf(metric)}`];
    await plane.kubectl(['delete', '-n', namespace, '--wait=false', ...names]);
    datadogs.remove(metric);
  }
}
