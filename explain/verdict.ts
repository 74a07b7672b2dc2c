import type { StatusCondition } from '../core/autoscaler-status.js';
import type { TroubleKind } from './trouble.js';

/** What is wrong, or that nothing is: one for each metric of an HPA, or one for the whole of it. */
export type Verdict =
  | { readonly kind: 'hpa_missing' }
  | { readonly kind: 'no_external_metric' }
  | { readonly kind: 'hpa_unread'; readonly why: string }
  // What is asked.
  | { readonly kind: 'unaskable'; readonly why: string }
  | { readonly kind: 'ambiguous'; readonly why: string }
  | { readonly kind: 'query_too_long'; readonly why: string }
  | { readonly kind: 'not_seen' }
  // Who asks it.
  | { readonly kind: 'no_leader' }
  | { readonly kind: 'leader_unreachable'; readonly leader: string; readonly why: string }
  | { readonly kind: 'pending' }
  | { readonly kind: 'copy_behind'; readonly leader: string; readonly behindMs: number }
  // The way to Datadog. `servedForMs`: so long the last value will still be served; left out when none is.
  | { readonly kind: TroubleKind; readonly why: string; readonly servedForMs?: number }
  // What Datadog says.
  | { readonly kind: 'rejected'; readonly why: string }
  | { readonly kind: 'no_series'; readonly name: string; readonly why: string }
  | { readonly kind: 'several_series'; readonly why: string }
  | { readonly kind: 'only_nulls'; readonly why: string }
  | {
      readonly kind: 'not_a_number' | 'infinite' | 'negative' | 'out_of_range';
      readonly why: string;
    }
  | { readonly kind: 'too_old'; readonly ageMs: number; readonly maxAgeMs: number }
  | { readonly kind: 'clock_wrong'; readonly why: string }
  // The way to the HPA controller.
  | { readonly kind: 'not_registered' }
  | { readonly kind: 'foreign_owner'; readonly owner: string; readonly ours: string }
  | { readonly kind: 'certificate_untrusted'; readonly why: string }
  | { readonly kind: 'unavailable'; readonly reason: string; readonly why: string }
  | { readonly kind: 'reader_forbidden'; readonly why: string }
  | { readonly kind: 'not_asked' }
  | { readonly kind: 'recovering'; readonly why: string }
  // What the HPA controller makes of it.
  | {
      readonly kind: 'scaling_inactive' | 'not_able_to_scale' | 'limited' | 'stabilized';
      readonly condition: StatusCondition;
    }
  | { readonly kind: 'within_tolerance'; readonly ratio: number; readonly replicas: number }
  | { readonly kind: 'other_metric'; readonly own: number; readonly desired: number }
  | { readonly kind: 'well'; readonly desired: number | undefined };

/** Verdicts by which an HPA does what it is told to do. */
const fine: readonly Verdict['kind'][] = [
  'limited',
  'stabilized',
  'within_tolerance',
  'other_metric',
  'well',
];

/** Whether there is nothing to repair. */
export function isFine({ kind }: Verdict): boolean {
  return fine.includes(kind);
}
