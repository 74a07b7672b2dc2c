import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { projectRoot } from '../test/project-root.js';
import { readConditions } from './corridor/conditions.js';
import { measureFirstValues } from './corridor/first-values.js';
import { findPrograms } from './corridor/programs.js';
import { markdownOf, textOf } from './corridor/report.js';
import type { Results } from './corridor/results.js';
import { fullScale, type Scale, smokeScale } from './corridor/scale.js';
import type { SoakCalls, SoakResult } from './corridor/soak-process.js';
import { Stage } from './corridor/stage.js';
import { measureStarts } from './corridor/start.js';
import { measureStation } from './corridor/station.js';
import { Remote } from './shared/remote.js';

/**
 * The corridor from autoscalers over Datadog to kube-apiserver, side by side with an adapter on the library that the
 * original is built on: reads, start, memory, refresh, replication, first values. It needs Linux, Go or the programs that it
 * builds, and h2load.
 *
 * `node dist/bench/corridor.js [--smoke]`
 *
 * Prints one table, and writes `bench/RESULTS.md` with the raw rows as `bench/results.json` beside it. With `--smoke`
 * all is small, takes a minute, and writes nothing. Either way the exit code is 1 when any answer was not right, and
 * whatever the times were, they decide nothing.
 */
const { values: options } = parseArgs({ options: { smoke: { type: 'boolean', default: false } } });

async function main(): Promise<boolean> {
  const scale = options.smoke ? smokeScale : fullScale;
  const programs = await findPrograms();
  const folder = mkdtempSync(join(tmpdir(), 'corridor-bench-'));
  mkdirSync(folder, { recursive: true });
  const startedAtMs = Date.now();
  const stage = await Stage.build(programs, scale, folder);
  const soak = new Remote<SoakCalls>(new URL('corridor/soak-process.js', import.meta.url));
  try {
    const soaked = soak.ask('run', {
      seconds: scale.soakSeconds,
      lookSeconds: scale.soakLookSeconds,
      metrics: scale.soakMetrics,
      readsPerSecond: scale.soakReadsPerSecond,
    });
    // Its failure is told where it is waited for.
    soaked.catch(() => {});
    const measured = await measure(stage, scale, () => soaked);
    const minutes = (Date.now() - startedAtMs) / 60_000;
    const conditions = readConditions({ programs, isSmoke: options.smoke, minutes });
    const results: Results = { conditions, scale, ...measured, faults: stage.faults };
    console.log(textOf(results));
    if (!options.smoke) keep(results);
    return stage.faults.length === 0;
  } finally {
    soak.stop();
    await stage.stop();
    if (stage.faults.length === 0) rmSync(folder, { recursive: true, force: true });
    else console.error(`logs: ${folder}`);
  }
}

/** The soak goes on beside all else, at a pace that takes a few percent of a core. */
async function measure(
  stage: Stage,
  scale: Scale,
  soaked: () => Promise<SoakResult>,
): Promise<Pick<Results, 'starts' | 'firstValueSeconds' | 'stations' | 'soak'>> {
  const [smallest = 0] = scale.sizes;
  await stage.grow(smallest);
  say('starts');
  const starts = await measureStarts(stage);
  say('first values');
  const firstValueSeconds = await measureFirstValues(stage);
  const stations: Results['stations'][number][] = [];
  for (const size of scale.sizes) {
    say(`${size} metrics`);
    stations.push(await measureStation(stage, size));
  }
  say('the rest of the soak');
  const soak = await soaked();
  stage.judge('soak', soak);
  return { starts, firstValueSeconds, stations, soak };
}

function keep(results: Results): void {
  writeFileSync(join(projectRoot, 'bench/RESULTS.md'), markdownOf(results));
  writeFileSync(join(projectRoot, 'bench/results.json'), `${JSON.stringify(results)}\n`);
}

const beganAtMs = Date.now();

function say(what: string): void {
  console.error(`${((Date.now() - beganAtMs) / 1_000).toFixed(0).padStart(4)} s  measuring ${what} …`);
}

process.exitCode = (await main()) ? 0 : 1;
