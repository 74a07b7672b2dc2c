import { Fault } from '../core/fault.js';
import { fail, ok, type Result } from '../core/result.js';
import { toText } from './json.js';
import type { FollowOptions } from './object-box.js';

/** What an object of leader election says. The instants are those that its holder's clock gave; 0 where there is none. */
export interface Lock {
  readonly holder: string | undefined;
  readonly durationSeconds: number;
  readonly acquiredAtMs: number;
  readonly renewedAtMs: number;
  readonly transitions: number;
}

export interface StoredLock {
  readonly lock: Lock;
  readonly revision: string;
  /** The record as it is written, which client-go compares to see a renewal; empty where there is none. */
  readonly stamp: string;
  /** Why the record cannot be read. */
  readonly doubt?: string;
}

export interface LockObjectOptions extends FollowOptions {
  readonly namespace: string;
  readonly name: string;
}

/** The lock that no record speaks of. */
export const noLock: Lock = {
  holder: undefined,
  durationSeconds: 0,
  acquiredAtMs: 0,
  renewedAtMs: 0,
  transitions: 0,
};

/** RFC 3339, with any number of digits below the second, and a year that Kubernetes takes. */
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

export function toInstantMs(value: unknown): number {
  const text = toText(value) ?? '';
  const ms = instant.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? 0 : ms;
}

/** A count as Kubernetes keeps it, whole and below 2³¹; 0 for anything else. */
export function toCount(value: unknown): number {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) < 2 ** 31 ? Number(value) : 0;
}

/** Kubernetes demands a whole duration above zero. */
export function toDurationSeconds(lock: Lock): number {
  return Math.max(1, Math.ceil(lock.durationSeconds));
}

/** Below this, a time that lies ahead is our own earlier renewals', or a clock's that was set back a little. */
const slightMs = 60_000;

/**
 * The time of a renewal, rounded down to whole steps, and later than the last one's. A renewal is seen by the change that
 * it makes: one within the same step as the last would keep nobody away. Where the last lies far ahead, by a clock that
 * was wrong, any other time is change enough.
 */
export function dateAfter(nowMs: number, lastMs: number, stepMs: number): number {
  const roundedMs = Math.floor(nowMs / stepMs) * stepMs;
  const isSeen = roundedMs > lastMs || lastMs - roundedMs > slightMs;
  return isSeen ? roundedMs : lastMs + stepMs;
}

/** To a refusal, all rights that a lock needs: granting one after the other would take five restarts of the reader. */
export function withNeededRights<T>(
  result: Result<T, Fault>,
  resource: string,
  { namespace, name }: LockObjectOptions,
): Result<T, Fault> {
  if (result.ok) return ok(result.value);
  const { error } = result;
  if (error.code !== 'kube.denied') return result;
  const needs = `leader election needs get, list, watch and update on ${resource} "${name}", and create on ${resource}, in namespace ${namespace}`;
  return fail(new Fault(error.code, `${error.message}; ${needs}`));
}
