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
  // At the end, where a log that is cut at its beginning still has them.
  for (const failure of failures) console.error(`\n${failure}`);
  for (const complaint of rights) console.error(`\n  ✘ the shipped rights: ${complaint}`);
  console.log(
    `\n${rows.length} faults survived, ${failures.length} not, in ${Math.round(performance.now() / 1000)} s`,
  );
  return failures.length === 0 && rights.length === 0 ? 0 : 1;
}

interface Result {
  readonly rows: readonly Row[];
  /** Each with what was wrong, as it was printed when it happened. */
  readonly failures: readonly string[];
  /** What is wrong with the shipped rights; only a whole run without a failure can tell. */
  readonly rights: readonly string[];
}

/** A world that a failed scenario leaves is one that nobody knows: the next scenario gets a new one. */
async function runAll(
  scenarios: readonly Scenario[],
  { size, isWhole }: { readonly size: Size; readonly isWhole: boolean },
): Promise<Result> {
  const rows: Row[] = [];
  const failures: string[] = [];
  let worlds = 0;
  let world: FaultWorld | undefined;
  const attempt = async (scenario: Scenario): Promise<Attempt> => {
    if (world === undefined) worlds += 1;
    world ??= await startFaultWorld();
    const made = await runOne(scenario, world, size);
    if (made.end === 'survived') return made;
    console.error(told(scenario, made));
    await world.stop(true);
    world = undefined;
    return made;
  };
  for (const scenario of scenarios) {
    const first = await attempt(scenario);
    if (first.end === 'late')
      console.error('    No rule was broken; a busy machine may be why. Once more, on a new control plane:');
    const last = first.end === 'late' ? await attempt(scenario) : first;
    if (last.end === 'survived') {
      const { row } = last;
      rows.push(row);
      console.log(`  ✔ ${scenario.id} ${scenario.title} (${row.tookSeconds.toFixed(1)} s): ${row.note}`);
    } else failures.push(told(scenario, last));
  }
  const canJudge = isWhole && failures.length === 0 && worlds === 1;
  if (isWhole && !canJudge) console.error('  The shipped rights were not judged: that takes one whole run.');
  const rights = canJudge ? await complaintsAbout(world) : [];
  await world?.stop(false);
  return { rows, failures, rights };
}

/** How a scenario ended: well; with something that took longer than it may; or with a rule broken, which no noise excuses. */
type Attempt = { readonly end: 'survived'; readonly row: Row } | Failure;

interface Failure {
  readonly end: 'late' | 'broken';
  readonly why: string;
}

function told({ id, title }: Scenario, { end, why }: Failure): string {
  return `  ${end === 'late' ? '?' : '✘'} ${id} ${title}\n${why}`;
}

async function complaintsAbout(world: FaultWorld | undefined): Promise<readonly string[]> {
  if (world === undefined) return [];
  const complaints = await judgeRights(world.plane, world.auditLog, world.recorder.outages);
  if (complaints.length === 0)
    console.log('  ✔ every right that is shipped was used, and nothing was refused');
  return complaints;
}

async function runOne(scenario: Scenario, world: FaultWorld, size: Size): Promise<Attempt> {
  await world.fleet.markLogs();
  world.recorder.begin();
  const outcome = await scenario.run(world, size).then(
    (finding) => ({ finding, failure: undefined }),
    (failure: unknown) => ({ finding: { note: 'failed' }, failure }),
  );
  world.fleet.look();
  const recording = await world.record();
  const violations = violationsOf(recording, scenario).map(({ rule, detail }) => `  ${rule}:\n    ${detail}`);
  const failure = outcome.failure instanceof Error ? outcome.failure.stack : outcome.failure;
  if (violations.length > 0)
    return { end: 'broken', why: `${failure ?? ''}\nrules were broken:\n${violations.join('\n')}` };
  if (failure !== undefined) return { end: 'late', why: String(failure) };
  return { end: 'survived', row: toRow(scenario, recording, outcome.finding) };
}

process.exit(await main());
