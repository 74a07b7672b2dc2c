import { get as getPlain } from 'node:http';
import { get as getSecure } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningProcess } from './processes.js';

/** Where a process says that it is ready. */
export interface HealthCheck {
  readonly url: string;
  /** Who vouches for the server; unused where the URL is plain http. */
  readonly caPem: string;
}

const POLL_MS = 50;
const REQUEST_TIMEOUT_MS = 2000;

/**
 * Returns once the check is answered with 200; throws at the deadline, or as soon as one of the processes (the
 * one asked and those that it needs) has ended.
 */
export async function untilHealthy(
  check: HealthCheck,
  processes: readonly RunningProcess[],
  deadlineAtMs: number,
): Promise<void> {
  let last = 'nothing';
  while (Date.now() < deadlineAtMs) {
    const ended = processes.find((process) => process.ending() !== undefined);
    if (ended !== undefined) throw new Error(`${ended.name} ended too soon: ${ended.ending()}`);
    last = await answerOf(check);
    if (last === '200') return;
    await sleep(POLL_MS);
  }
  throw new Error(`${check.url} was not ready in time; it last answered: ${last}`);
}

/** The status code, or what went wrong. */
function answerOf({ url, caPem }: HealthCheck): Promise<string> {
  return new Promise((resolve) => {
    const get = url.startsWith('https:') ? getSecure : getPlain;
    const request = get(url, { ca: caPem, agent: false, timeout: REQUEST_TIMEOUT_MS }, (response) => {
      response.resume();
      response.once('end', () => resolve(String(response.statusCode)));
      response.once('error', (error) => resolve(error.message));
    });
    request.once('timeout', () => request.destroy(new Error('timed out')));
    request.once('error', (error) => resolve(error.message));
  });
}
