import type { Conditions, Results } from './results.js';
import { type Table, tablesOf } from './tables.js';

/** For a terminal. */
export function textOf(results: Results): string {
  const { conditions, faults } = results;
  return [
    `${conditions.machine}; Node ${conditions.node}; ${conditions.date}`,
    ...tablesOf(results).flatMap(({ title, lines }) => ['', title, ...lines]),
    '',
    ...faults.map((fault) => `WRONG  ${fault}`),
  ].join('\n');
}

/** For the repository. */
export function markdownOf(results: Results): string {
  const { conditions, scale, faults } = results;
  return [
    '# The corridor, measured',
    '',
    'Written by `npm run bench`; the raw rows are in `results.json` beside it.',
    '',
    `- ${conditions.date}, ${conditions.minutes.toFixed(1)} minutes, ${conditions.machine}.`,
    `- Node ${conditions.node}; ${versionsText(conditions)}.`,
    ...circumstances,
    `- Each figure is the median of ${scale.rounds} runs of ${scale.readSeconds} s (section 1) or ${scale.ticks} (sections 2, 4, 5), in turns, their order reversed every other round.`,
    faults.length === 0 ? '- Every answer was right.' : `- **Wrong: ${faults.join('; ')}**`,
    '',
    ...tablesOf(results).flatMap(inMarkdown),
  ].join('\n');
}

const circumstances: readonly string[] = [
  '- All on loopback and on the same cores: load generators, kube-apiserver, etcd (without fsync), the stand-in Datadog.',
  '- "peer" is an adapter of our own on custom-metrics-apiserver, the library under the Datadog Cluster Agent, KEDA and prometheus-adapter; it serves the same metrics out of its memory. Both review tokens and permissions with the same kube-apiserver and cache the answers.',
  '- "bearer": h2load, as an account with a token; "front proxy": a loader with kube-apiserver\'s client certificate and the headers that it sends for the HPA controller, which looks at each value; "aggregator": h2load through kube-apiserver.',
  '- CPU is what the operating system accounts to the process, all threads, per request. A soak of another replica goes on beside, as its own table says.',
];

function versionsText({ versions }: Conditions): string {
  return Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
}

function inMarkdown({ title, lines }: Table): readonly string[] {
  return [`## ${title}`, '', '```', ...lines, '```', ''];
}
