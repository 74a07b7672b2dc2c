import { gauge, type Registry } from '../core/telemetry.js';

/**
 * Lets telemetry tell how long ago the API server was last heard of, for each thing that is watched; `+Inf` before the
 * first time. A watch that works is heard of by its events and bookmarks, and by its orderly end.
 */
export function reportSilence(registry: Registry, watched: Readonly<Record<string, () => number>>): void {
  const metric = gauge(
    registry,
    'kube_watch_silent_seconds',
    'Seconds since the Kubernetes API was last heard of, by what is watched.',
    ['watched'],
  );
  Object.assign(metric, {
    collect: () => {
      for (const [name, staleForMs] of Object.entries(watched))
        metric.set({ watched: name }, staleForMs() / 1000);
    },
  });
}
