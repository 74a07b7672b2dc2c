import { setMaxListeners } from 'node:events';
import type { Logger } from './log.js';

/**
 * How a part is doing. `ready`: it does its work. `starting`: not yet. `degraded`: it works with a named trouble
 * and the replica stays ready. `unready`: this replica must get no traffic. `stuck`: only a restart helps.
 */
export type Health =
  | { readonly state: 'ready' }
  | { readonly state: 'starting' | 'degraded' | 'unready' | 'stuck'; readonly detail: string };

/** A part of the process with a life of its own. Its constructor only remembers; `run` does the work. */
export interface Component {
  readonly name: string;
  /** Works until `signal` aborts, then settles when everything it started has ended. A rejection is a bug. */
  run(signal: AbortSignal): Promise<void>;
  health(): Health;
}

/**
 * Runs all components until `signal` aborts or one of them fails or ends early; then stops the rest and waits for them.
 * Resolves to the error that ended it, or to `undefined` after an orderly stop.
 */
export async function supervise(
  components: readonly Component[],
  log: Logger,
  signal: AbortSignal,
): Promise<Error | undefined> {
  const stop = new AbortController();
  const all = AbortSignal.any([signal, stop.signal]);
  // All waits of all components listen to it; that is no leak.
  setMaxListeners(0, all);
  let failure: Error | undefined;
  const runOne = async (component: Component): Promise<void> => {
    try {
      await component.run(all);
      if (!all.aborted) throw new Error(`component ${component.name} ended by itself`);
    } catch (error: unknown) {
      log.error(
        { component: component.name, err: error },
        'component failed; stopping this replica so that Kubernetes restarts it',
      );
      failure ??= error instanceof Error ? error : new Error(String(error));
      stop.abort();
    }
  };
  await Promise.all(components.map(runOne));
  return failure;
}
