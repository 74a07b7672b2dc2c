import { until } from '../control-plane/waiting.js';
import { check } from './expect.js';
import { type Tenure, tenures } from './invariants.js';
import type { Answer, Via } from './recorder.js';
import type { FaultWorld } from './world.js';

interface Span {
  readonly fromMs: number;
  readonly untilMs?: number;
}

/** What a source was answered to the reads that were sent within a span. */
export function readsOf(
  { recorder }: FaultWorld,
  via: Via,
  { fromMs, untilMs = Number.POSITIVE_INFINITY }: Span,
): readonly Answer[] {
  return recorder.answers.filter(
    (answer) => answer.via === via && answer.sentAtMs >= fromMs && answer.sentAtMs < untilMs,
  );
}

/** Throws unless each read of a source within a span got a value, and there were some. */
export function checkAllServed(world: FaultWorld, via: Via, span: Span): void {
  const reads = readsOf(world, via, span);
  const lost = reads.filter(({ outcome }) => outcome.kind !== 'value');
  check(reads.length > 0, () => `nobody asked ${via}`);
  check(
    lost.length === 0,
    () =>
      `${lost.length} reads lost by ${via}: ${JSON.stringify(lost.slice(0, 3).map((one) => one.outcome))}`,
  );
}

/** Waits until a replica asks Datadog, beyond what it had asked before; answers when, by the wall clock. */
export async function untilAsking(
  { datadogs }: FaultWorld,
  replica: string,
  before = datadogs.queriesOf(replica).length,
): Promise<number> {
  const call = await until(
    `${replica} to ask Datadog`,
    async () => datadogs.queriesOf(replica).slice(before).at(0),
    { pollMs: 20 },
  );
  return performance.timeOrigin + call.atMonotonicMs;
}

/** Waits until the API server has given the lease to somebody, at or after `fromMs`. */
export function untilElected({ fleet }: FaultWorld, fromMs: number): Promise<Tenure> {
  return until(
    'somebody to get the lease',
    async () => {
      const last = tenures(await fleet.traffic()).at(-1);
      return last !== undefined && last.holder !== '' && last.fromMs >= fromMs ? last : undefined;
    },
    { pollMs: 50 },
  );
}
