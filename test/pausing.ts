import type { Pace } from '../core/pace.js';

/** Pauses after each step, so that whatever is ready comes between any two of them. */
export const pausing: Pace = {
  run: async (work) => {
    while (true) {
      await Promise.resolve();
      const step = work.next();
      if (step.done === true) return step.value;
    }
  },
};
