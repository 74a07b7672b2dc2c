import type { ReflectorStatus } from '../cmdapi/status/report.js';
import type { Health } from '../core/component.js';

/** A kind of object that is kept in step, as `/status` tells of it. */
export function reflectorStatus(
  name: string,
  reflector: { staleForMs(): number; health(): Health },
  objects: number | null,
): ReflectorStatus {
  const silentMs = reflector.staleForMs();
  const { state } = reflector.health();
  return {
    name,
    objects,
    silentSeconds: silentMs === Number.POSITIVE_INFINITY ? null : silentMs / 1000,
    isStale: silentMs > longestSilenceMs && state !== 'starting',
  };
}

/** A watch that works is heard of each minute. */
const longestSilenceMs = 120_000;
