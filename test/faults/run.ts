import { parseArgs } from 'node:util';
import { findBinaries } from '../control-plane/binaries.js';
import { violationsOf } from './invariants.js';
import { judgeRights } from './rights.js';
import type { Scenario, Size } from './scenario.js';
import { allScenarios } from './scenarios.js';
import { type Row, tableOf, toRow } from './table.js';
import { type FaultWorld, startFaultWorld } from './world.js';

const usage = 'usage: node dist/test/faults/run.js [--long] [--all] [--only 1a,3b] [--messages]';

/** Runs the fault scenarios on a real control plane, one after the other, and prints what readers saw. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      long: { type: 'boolean' },
      all: { type: 'boolean' },
      only: { type: 'string' },
      messages: { type: 'boolean' },
    },
  });
  const size: Size = values.long === true ? 'long' : 'short';
  const wanted = values.only?.split(',');
  const isAll = values.all === true;
  const scenarios = allScenarios.filter(({ id, isLong, isExtra }) =>
    wanted === undefined
      ? (size === 'long' || isLong !== true) && (isAll || isExtra !== true)
      : wanted.some((prefix) => id.startsWith(prefix)),
  );
  if (scenarios.length === 0) throw new Error(`no scenario is called ${values.only}; ${usage}`);
  const found = await findBinaries();
  if (!found.found) {
    const notice = `THE FAULT TESTS WERE LEFT OUT: ${found.reason}`;
    console.error(`\n${'!'.repeat(90)}\n${notice}\n${'!'.repeat(90)}\n`);
    return process.env['CI'] === 'true' ? 1 : 0;
  }
  const { rows, failures, rights } = await runAll(scenarios, { size, isWhole: wanted === undefined });
  console.log(`\n${tableOf(rows)}`);
  if (values.messages === true)
    for (const { id, messages } of rows) for (const message of messages) console.log(`${id} ${message}`);
  console.log(
    `\n${rows.length} faults survived, ${failures} not, in ${Math.round(performance.now() / 1000)} s`,
  );
  return failures === 0 && rights.length === 0 ? 0 : 1;
}

interface Result {
  readonly rows: readonly Row[];
  readonly failures: number;
  /** What is wrong with the shipped rights; only a whole run without a failure can tell. */
  readonly rights: readonly string[];
}

/** A scenario that failed leaves a world that nobody knows: the next one gets a new one. */
async function runAll(
  scenarios: readonly Scenario[],
  { size, isWhole }: { readonly size: Size; readonly isWhole: boolean },
): Promise<Result> {
  const rows: Row[] = [];
  let failures = 0;
  let world: FaultWorld | undefined;
  for (const scenario of scenarios) {
    world ??= await startFaultWorld();
    try {
      const row = await runOne(scenario, world, size);
      rows.push(row);
      console.log(`  ✔ ${scenario.id} ${scenario.title} (${row.tookSeconds.toFixed(1)} s): ${row.note}`);
    } catch (error: unknown) {
      failures += 1;
      console.error(
        `  ✘ ${scenario.id} ${scenario.title}\n${error instanceof Error ? error.stack : String(error)}`,
      );
      await world.stop(true);
      world = undefined;
    }
  }
  const rights = isWhole && failures === 0 ? await complaintsAbout(world) : [];
  await world?.stop(false);
  return { rows, failures, rights };
}

async function complaintsAbout(world: FaultWorld | undefined): Promise<readonly string[]> {
  if (world === undefined) return [];
  const complaints = await judgeRights(world.plane, world.auditLog, world.recorder.outages);
  if (complaints.length === 0)
    console.log('  ✔ every right that is shipped was used, and nothing was refused');
  for (const complaint of complaints) console.error(`  ✘ the shipped rights: ${complaint}`);
  return complaints;
}

async function runOne(scenario: Scenario, world: FaultWorld, size: Size): Promise<Row> {
  await world.fleet.markLogs();
  world.recorder.begin();
  const outcome = await scenario.run(world, size).then(
    (finding) => ({ finding, failure: undefined }),
    (failure: unknown) => ({ finding: { note: 'failed' }, failure }),
  );
  world.fleet.look();
  const recording = await world.record();
  const violations = violationsOf(recording, scenario).map(({ rule, detail }) => `  ${rule}:\n    ${detail}`);
  const reasons = [
    ...(outcome.failure === undefined ? [] : [String(outcome.failure)]),
    ...(violations.length === 0 ? [] : [`rules were broken:\n${violations.join('\n')}`]),
  ];
  if (reasons.length > 0) throw new Error(reasons.join('\n'), { cause: outcome.failure });
  return toRow(scenario, recording, outcome.finding);
}

process.exit(await main());
