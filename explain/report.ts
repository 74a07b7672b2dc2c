import type { MetricFacts, SharedFacts } from './facts.js';
import { verdictOf } from './judge.js';
import { isFine, type Verdict } from './verdict.js';
import type { Words } from './word-book.js';
import { wordsOf } from './words.js';

/** A verdict with its words. */
export interface Judgement extends Words {
  readonly verdict: Verdict;
  /** Whether there is nothing to repair. */
  readonly isFine: boolean;
}

/** Everything that is to be known of an HPA's external metrics, as one replica tells it: the API's answer. */
export interface Report {
  readonly shared: SharedFacts;
  readonly metrics: readonly (MetricFacts & { readonly judgement: Judgement })[];
  /** On the HPA itself; left out where its metrics have their own. */
  readonly judgement?: Judgement;
}

/** Judges what was gathered. */
export function toReport(shared: SharedFacts, metrics: readonly MetricFacts[]): Report {
  const judged = metrics.map((metric) => ({ ...metric, judgement: judgementOf(verdictOf(shared, metric)) }));
  return {
    shared,
    metrics: judged,
    ...(metrics.length === 0 ? { judgement: judgementOf(verdictOf(shared, undefined)) } : {}),
  };
}

function judgementOf(verdict: Verdict): Judgement {
  return { verdict, isFine: isFine(verdict), ...wordsOf(verdict) };
}

/** Whether there is nothing to repair in all of it. */
export function isAllFine({ metrics, judgement }: Report): boolean {
  return judgement === undefined ? metrics.every((metric) => metric.judgement.isFine) : judgement.isFine;
}
