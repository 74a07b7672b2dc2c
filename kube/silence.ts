import { type Registry, readGauge } from '../core/telemetry.js';

/**
 * Lets telemetry tell how long ago the API server was last heard of, for each thing that is watched; `+Inf` before the
 * first time. A watch that works is heard of by its events and bookmarks, and by its orderly end.
 */
export function reportSilence(registry: Registry, watched: Readonly<Record<string, () => number>>): void {
  readGauge(
    registry,
    {
      name: 'kube_watch_silent_seconds',
      help: 'Seconds since the Kubernetes API was last heard of, by what is watched.',
      label: 'watched',
    },
    () =>
      Object.fromEntries(Object.entries(watched).map(([name, staleForMs]) => [name, staleForMs() / 1000])),
  );
}
