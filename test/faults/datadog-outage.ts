import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../control-plane/waiting.js';
import { check } from './expect.js';
import { ageOf } from './invariants.js';
import type { Answer } from './recorder.js';
import { unavailableMs } from './table.js';
import { watchedMetrics } from './watched.js';
import { type FaultWorld, maxAgeMs } from './world.js';

/** A time during which Datadog is of no use. */
export interface Outage {
  readonly fromMs: number;
  readonly untilMs: number;
  /** How much too soon values may be refused; 0 where it is left out. */
  readonly earlyMs?: number;
}

/** While values are young enough, nobody may notice. */
export function checkUnnoticed({ recorder }: FaultWorld, { fromMs, untilMs }: Outage): void {
  const failed = recorder.answers.filter(
    ({ sentAtMs, outcome }) => sentAtMs >= fromMs && sentAtMs < untilMs && outcome.kind !== 'value',
  );
  check(failed.length === 0, () => `reads failed in a short outage: ${JSON.stringify(failed.slice(0, 3))}`);
}

/**
 * Values are served until they are too old and not a moment less: of each metric, on each replica, the last value was
 * nearly at its bound, the first refusal came right after, and that point was past its bound by then.
 * Answers the age of the oldest value, in seconds.
 */
export function checkServedUntilTooOld({ recorder, fleet }: FaultWorld, outage: Outage): number {
  let oldestMs = 0;
  for (const via of fleet.names().filter((name) => fleet.phase(name) === 'running'))
    for (const metric of watchedMetrics) {
      const answers = recorder.answers.filter(
        (answer) => answer.via === via && answer.metric === metric && answer.sentAtMs >= outage.fromMs,
      );
      oldestMs = Math.max(oldestMs, lastAge(via, answers, outage));
    }
  return oldestMs / 1000;
}

/** Reads of one metric come each 0.4 s; on a busy machine some come late. */
const readingSlackMs = 1_500;

function lastAge(via: string, answers: readonly Answer[], { untilMs, earlyMs = 0 }: Outage): number {
  const end = answers.findIndex(({ outcome }) => outcome.kind !== 'value');
  const [last, refused] = [answers[end - 1], answers[end]];
  if (last?.outcome.kind !== 'value' || refused === undefined || refused.sentAtMs >= untilMs)
    throw new Error(`${via}: expected values and then refusals, got ${JSON.stringify(answers.at(-1))}`);
  const ageMs = ageOf(last) ?? 0;
  check(
    ageMs > maxAgeMs - 2_000 && ageMs <= maxAgeMs,
    () => `${via}: the last value was ${ageMs} ms old, expected nearly ${maxAgeMs}`,
  );
  const { timestampMs } = last.outcome;
  check(
    refused.receivedAtMs - timestampMs >= maxAgeMs - earlyMs &&
      refused.sentAtMs - last.sentAtMs <= readingSlackMs,
    () => `${via}: the last value ${JSON.stringify(last)} was followed by ${JSON.stringify(refused)}`,
  );
  return ageMs;
}

/** What users read with `kubectl describe hpa`: our reason, the query and the cause. */
export async function untilConditionSays(
  { recorder }: FaultWorld,
  of: string,
  texts: readonly RegExp[],
): Promise<string> {
  let seen = '';
  return until(`the condition of ${of} to say ${texts.join(' and ')}`, async () => {
    const { status, message } = recorder.conditions.findLast((change) => change.of === of) ?? {
      status: 'none',
      message: '',
    };
    seen = `${status}: ${message}`;
    return status === 'False' && texts.every((text) => text.test(message)) ? message : undefined;
  }).catch((error: unknown) => {
    throw new Error(`${String(error)}; it says ${seen}`);
  });
}

/** Autoscalers scale again. */
export async function untilConditionHolds({ recorder }: FaultWorld, of: string): Promise<void> {
  await until(`the condition of ${of} to be well`, async () =>
    recorder.conditions.findLast((change) => change.of === of)?.status === 'True' ? true : undefined,
  );
}

/** The leader's log names the cause; its own word that it met the fault. */
export async function untilLogSays(world: FaultWorld, cause: RegExp): Promise<void> {
  await until(`a log to name ${cause}`, async () => {
    const logs = await world.fleet.traffic();
    const lines = logs.flatMap(({ log }) => log.split('\n'));
    return lines.some((line) => line.includes('Datadog could not be asked') && cause.test(line))
      ? true
      : undefined;
  });
}

/** An outage of Datadog's must take away no replica: no other one knows more. */
export async function checkAvailable(world: FaultWorld): Promise<void> {
  const awayMs = unavailableMs(await world.record());
  check(awayMs === 0, () => `the APIService was not Available for ${awayMs} ms`);
}

/** Waits until `ms` after `fromMs`. */
export async function sleepUntil(fromMs: number, ms: number): Promise<void> {
  await sleep(Math.max(0, fromMs + ms - Date.now()));
}
