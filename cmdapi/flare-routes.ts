import { jsonReply } from './reply.js';
import type { Route } from './route.js';

/** What a replica adds to a flare beside what it tells anyhow. */
export interface FlarePorts {
  /** Without secrets. */
  readonly flare: () => object;
}

/** For the command `flare`, which makes the archive. */
export function flareRoutes({ flare }: FlarePorts): readonly Route[] {
  return [
    {
      handler: 'flare',
      method: 'GET',
      path: '/api/v1/flare',
      credential: 'local',
      answer: () => jsonReply(flare()),
    },
  ];
}
