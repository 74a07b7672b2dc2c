import type { Fault } from '../core/fault.js';
import type { InvalidReason, Point } from '../core/metric.js';

/** What Datadog said of one query: a point, unjudged, or why there is none. */
export type Reading =
  | { readonly kind: 'point'; readonly point: Point }
  | {
      readonly kind: 'none';
      readonly reason: Extract<InvalidReason, 'no_series' | 'several_series' | 'only_nulls'>;
      readonly detail: string;
    };

/** How asking one query ended. */
export type Outcome =
  | { readonly kind: 'read'; readonly reading: Reading }
  | { readonly kind: 'failed'; readonly fault: Fault }
  | { readonly kind: 'oversized'; readonly urlLength: number; readonly maxUrlLength: number };
