import { expect } from 'chai';
import { ok } from '../../../core/result.js';
import type { LockBox } from '../../../leader/lock.js';
import { Episode, type Outcome, type Phases } from './model/episode.js';
import type { Breakage } from './model/replica.js';

const firstSeed = 1;
const wantedSteps = 250_000;

/** Which kinds of lock run side by side; each list is a phase, and phases follow each other by rolling replicas. */
const allowed: readonly (readonly [string, Phases, hasForeigner?: boolean])[] = [
  ['a Lease', [['lease']]],
  ['a ConfigMap', [['configmap']]],
  ['both at once', [['configmapsleases']]],
  ['a Lease, beside client-go', [['lease']], true],
  ['a ConfigMap, beside client-go', [['configmap']], true],
  [
    'a move from a ConfigMap to a Lease',
    [
      ['configmap'],
      ['configmap', 'configmapsleases'],
      ['configmapsleases'],
      ['configmapsleases', 'lease'],
      ['lease'],
    ],
  ],
  [
    'a move back',
    [
      ['lease'],
      ['configmapsleases', 'lease'],
      ['configmapsleases'],
      ['configmap', 'configmapsleases'],
      ['configmap'],
    ],
  ],
];

async function runEpisodes(
  phases: Phases,
  bounds: { readonly steps: number; readonly breakage?: Breakage; readonly hasForeigner?: boolean },
): Promise<{ readonly outcomes: readonly Outcome[]; readonly violation: string | undefined }> {
  const outcomes: Outcome[] = [];
  for (let seed = firstSeed; sum(outcomes, 'steps') < bounds.steps; seed += 1) {
    const { steps: _steps, ...options } = bounds;
    const outcome = await new Episode({ seed, phases, ...options }).run();
    outcomes.push(outcome);
    if (outcome.violation !== undefined) return { outcomes, violation: outcome.violation };
  }
  return { outcomes, violation: undefined };
}

function sum(outcomes: readonly Outcome[], what: 'steps' | 'simulatedMs' | 'disturbances' | 'leads'): number {
  return outcomes.reduce((total, outcome) => total + outcome[what], 0);
}

describe('elections in a simulated world', function () {
  this.timeout(60_000);
  for (const [title, phases, hasForeigner = false] of allowed) {
    it(`never have two leaders, and soon one, with ${title}`, async () => {
      const bounds = { steps: wantedSteps / allowed.length, hasForeigner };
      const { outcomes, violation } = await runEpisodes(phases, bounds);
      const longest = Math.max(...outcomes.map(({ quietLeases }) => quietLeases));
      console.log(
        `      seeds ${firstSeed} to ${firstSeed + outcomes.length - 1}: ${sum(outcomes, 'steps')} steps, ` +
          `${sum(outcomes, 'disturbances')} disturbances, ${sum(outcomes, 'leads')} leads, ` +
          `${(sum(outcomes, 'simulatedMs') / 3_600_000).toFixed(1)} h; one led at most ${longest.toFixed(1)} leases after the last`,
      );
      expect(violation).to.equal(undefined);
      expect(longest, 'leases without a leader').to.be.below(5);
    });
  }

  const broken: readonly (readonly [string, Phases, Breakage])[] = [
    ['leads on for longer than a lease', [['lease']], { patience: 1.3 }],
    ['does not look whether another was faster', [['lease']], { box: careless }],
    ['holds only the old kind beside one that holds only the new', [['configmap', 'lease']], {}],
  ];
  for (const [title, phases, breakage] of broken) {
    it(`are found out when one ${title}`, async () => {
      const { outcomes, violation } = await runEpisodes(phases, { steps: 300_000, breakage });
      console.log(`      ${violation}, after ${sum(outcomes, 'steps')} steps`);
      expect(violation).to.be.a('string').that.contains(' lead at ');
    });
  }
});

/** Writes whatever the revision. */
function careless(box: LockBox): LockBox {
  return {
    ...box,
    read: (signal) => box.read(signal),
    follow: (onChange, signal) => box.follow(onChange, signal),
    write: async (lock, revision, signal) => {
      const written = await box.write(lock, revision, signal);
      if (written.ok || written.error.code !== 'kube.conflict') return written;
      const read = await box.read(signal);
      return read.ok ? box.write(lock, read.value?.revision, signal) : ok({ lock, revision: '', stamp: '' });
    },
  };
}
