import { parseEvent, type Slimming } from '../../../kube/view.js';

/** What tests reflect. */
export interface Thing {
  readonly size: number;
}

/** One without a size is left out, and one with a wrong size cannot be used. */
export const slimming: Slimming<Thing> = {
  toItem: (object) => {
    const { size } = object as { readonly size?: unknown };
    if (size === undefined) return undefined;
    if (typeof size !== 'number') throw new Error('size: expected a number');
    return { size };
  },
};

/** An event of a watch, as it is parsed. */
export const event = (type: string, object: unknown) => parseEvent({ type, object }, slimming);
