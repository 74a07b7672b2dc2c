import type { FaultWorld } from './world.js';

/** Starts each replica anew, one after the other as a rolling update does, with settings beside those of the world. */
export async function replaceAll(
  { fleet }: FaultWorld,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  for (const name of fleet.names()) {
    await fleet.terminate(name);
    await fleet.start(name, { settings });
  }
}
