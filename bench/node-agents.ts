import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { measureAgents } from './node-agents/agents.js';
import { measureChanges } from './node-agents/changes.js';
import { measureRelists } from './node-agents/relists.js';
import { measureCeilings, measureRates } from './node-agents/requests.js';
import { fullScale, smokeScale } from './node-agents/scale.js';
import { Scene } from './node-agents/scene.js';
import { measureKept, measureStart } from './node-agents/start.js';
import { type Figures, tableOf } from './node-agents/table.js';

/**
 * The API of the node agents on a cluster of 5,000 nodes: what the shipped bundle takes to be ready, to keep up with
 * changes, and to answer, while a load and stand-ins run beside it in processes of their own. It needs Linux.
 *
 * `node dist/bench/node-agents.js [--smoke] [--share-cores] [--json file] [--node-option=--trace-gc …]`
 *
 * The product has one core for itself; with `--share-cores` it may use the others too, as without a CPU limit in life.
 * With `--smoke` all is small and takes half a minute. Either way the exit code is 1 when any answer was not right, and
 * whatever the times were, they decide nothing.
 */
const { values: options } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    'share-cores': { type: 'boolean', default: false },
    json: { type: 'string' },
    'node-option': { type: 'string', multiple: true, default: [] },
  },
});

/** Longer than the bench: listing again has a phase of its own and must not disturb the others. */
const neverSeconds = 3_600;

async function main(): Promise<boolean> {
  const scene = new Scene(options.smoke ? smokeScale : fullScale, {
    nodeOptions: options['node-option'],
    isShared: options['share-cores'],
  });
  try {
    await scene.start();
    const figures = await measure(scene);
    const podRequests = await scene.cluster.ask('podRequests', undefined);
    if (podRequests > 0) scene.faults.push(`pods were asked for ${podRequests} times`);
    console.log(tableOf(figures));
    for (const fault of scene.faults) console.log(`WRONG  ${fault}`);
    if (options.json !== undefined)
      writeFileSync(options.json, JSON.stringify({ ...figures, faults: scene.faults }, undefined, 2));
    return scene.faults.length === 0;
  } finally {
    await scene.stop();
  }
}

/** Three replicas, one after another, so that no phase inherits the memory of one that it has nothing to do with. */
async function measure(scene: Scene): Promise<Figures> {
  const { scale, pinning } = scene;
  say('the start, and changes');
  const first = await measureStart(scene, neverSeconds);
  const kept = await measureKept(first.product, scale.settleSeconds);
  const changes = await measureChanges(scene, first.product);
  say('requests');
  const rates = await measureRates(scene, first.product);
  const ceilings = await measureCeilings(scene, first.product);
  say('the connections of all agents');
  const second = await measureStart(scene, neverSeconds);
  const agents = await measureAgents(scene, second.product);
  say('listing again');
  const third = await measureStart(scene, scale.resyncSeconds);
  const relists = await measureRelists(scene, third.product);
  return {
    node: process.version,
    isSmoke: options.smoke,
    pinning,
    scale,
    starts: [first, second, third].map(({ start }) => start),
    kept,
    changes,
    rates,
    ceilings,
    agents,
    relists,
  };
}

function say(what: string): void {
  console.error(`measuring ${what} …`);
}

process.exitCode = (await main()) ? 0 : 1;
