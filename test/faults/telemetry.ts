import type { Replica } from '../e2e/replica.js';

/** Samples of one replica's telemetry, by name and labels as they stand there. */
export type Samples = ReadonlyMap<string, number>;

/** Reads what a replica tells of itself at this moment. */
export async function readTelemetry({ telemetryUrl }: Replica): Promise<Samples> {
  const answer = await fetch(telemetryUrl, { signal: AbortSignal.timeout(5_000) });
  const lines = (await answer.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}
