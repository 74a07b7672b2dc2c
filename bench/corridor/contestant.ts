/** Who is measured. */
export type Contestant = 'product' | 'peer';

/** The first is first in even rounds. */
export function orderIn(round: number): readonly Contestant[] {
  return round % 2 === 0 ? ['product', 'peer'] : ['peer', 'product'];
}
