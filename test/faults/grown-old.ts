import { maxAgeMs } from './world.js';

/** What a replica says whose values nobody renews any more: true once the newest is as old as a value may be. */
export const grownOld = new RegExp(
  `^stale: the newest point is too old to scale on.*; last point \\d+ s old, limit ${maxAgeMs / 1000} s;`,
);
