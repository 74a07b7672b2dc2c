import type { ComponentState, Judgement } from './judge.js';

/** A component that is reported, be it seen at the last look or not. */
export interface KnownComponent extends ComponentState {
  /** Since when it has this status, by the wall clock. */
  readonly sinceMs: number;
  /** When a look last told of it, by the monotonic clock. */
  readonly seenAtMs: number;
  /** Since when no look told of it, by the wall clock; `undefined` while the last one did. */
  readonly missingSinceMs: number | undefined;
}

/** Both clocks at one moment. */
export interface Moment {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** So long a component that is gone is spoken of; whoever took it away on purpose has enough of it after a day. */
const longestMemoryMs = 24 * 3_600_000;
/** Real clusters have five at most. */
const maxComponents = 100;
/** What fits a monitor's notification. */
const maxMessageLength = 500;

/**
 * What is reported after a look: all that it told of, and, as unknown and never as well, what earlier ones did.
 * At most 100, those of the look first; what was not seen for a day is forgotten.
 */
export function remember(
  known: readonly KnownComponent[],
  { states, absence }: Judgement,
  now: Moment,
): readonly KnownComponent[] {
  const before = new Map(known.map((component) => [component.name, component]));
  const seen = new Map(states.map((state) => [state.name, toSeen(state, before.get(state.name), now)]));
  const missing = known
    .filter(({ name, seenAtMs }) => !seen.has(name) && now.monotonicMs - seenAtMs <= longestMemoryMs)
    .sort((a, b) => b.seenAtMs - a.seenAtMs)
    .map((component) => toMissing(component, absence, now));
  return [...seen.values(), ...missing].slice(0, maxComponents);
}

function toSeen(state: ComponentState, before: KnownComponent | undefined, now: Moment): KnownComponent {
  const { name, status } = state;
  return {
    name,
    status,
    message: toMessage(state.message),
    sinceMs: before?.status === status ? before.sinceMs : now.wallMs,
    seenAtMs: now.monotonicMs,
    missingSinceMs: undefined,
  };
}

function toMissing(component: KnownComponent, absence: string, now: Moment): KnownComponent {
  const missingSinceMs = component.missingSinceMs ?? now.wallMs;
  return {
    ...component,
    status: 'unknown',
    message: toMessage(`since ${new Date(missingSinceMs).toISOString()} ${absence}`),
    sinceMs: component.status === 'unknown' ? component.sinceMs : now.wallMs,
    missingSinceMs,
  };
}

/** One line without control characters, of at most 500 characters. */
export function toMessage(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim();
  if (line.length <= maxMessageLength) return line;
  // No half of a character that takes two.
  return `${line.slice(0, maxMessageLength - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
