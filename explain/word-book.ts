import type { Verdict } from './verdict.js';

/** A verdict as a person reads it: one sentence of what is wrong, and one of what to do. */
export interface Words {
  readonly sentence: string;
  readonly remedy: string;
}

/** The verdict of one kind, also where several kinds share a shape. */
type VerdictOfKind<K, V = Verdict> = V extends { readonly kind: infer Kinds }
  ? K extends Kinds
    ? V
    : never
  : never;

/** One entry for each verdict; the compiler finds the forgotten one. */
export type WordBook<K extends Verdict['kind']> = {
  readonly [Kind in K]: (verdict: VerdictOfKind<Kind>) => Words;
};
