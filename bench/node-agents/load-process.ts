import type { Place } from '../shared/connection.js';
import { ConnectionPool } from '../shared/connection-pool.js';
import { serve } from '../shared/remote.js';
import { type Ceiling, type Course, Load } from './load.js';
import type { Question } from './question.js';

/** What the process that makes the load can be asked to do. */
export interface LoadCalls {
  /** Closes what was open and opens so many connections. Resolves to how long that took, in seconds. */
  open(given: { readonly place: Place; readonly connections: number }): Promise<number>;
  /** What to ask from now on. */
  use(given: {
    readonly questions: readonly Question[];
    readonly token: string;
    readonly bodyEach: number;
  }): Promise<void>;
  steady(given: { readonly ratePerSecond: number; readonly seconds: number }): Promise<Course>;
  ceiling(given: { readonly askers: number; readonly seconds: number }): Promise<Ceiling>;
}

function loadCalls(): LoadCalls {
  let pool: ConnectionPool | undefined;
  let load: Load | undefined;
  const ready = (): Load => {
    if (load === undefined) throw new Error('open connections and say what to ask first');
    return load;
  };
  return {
    open: async ({ place, connections }) => {
      const startedAtMs = performance.now();
      pool?.close();
      pool = new ConnectionPool(place);
      load = undefined;
      await pool.open(connections);
      return (performance.now() - startedAtMs) / 1000;
    },
    use: async (options) => {
      if (pool === undefined) throw new Error('open connections first');
      load = new Load({ pool }, options);
    },
    steady: ({ ratePerSecond, seconds }) => ready().steady(ratePerSecond, seconds),
    ceiling: ({ askers, seconds }) => ready().ceiling(askers, seconds),
  };
}

serve(loadCalls());
