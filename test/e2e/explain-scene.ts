import { isAllFine, type Report } from '../../explain/report.js';
import { reportText } from '../../explain/text.js';
import type { Verdict } from '../../explain/verdict.js';
import type { DatadogFault } from '../../simulator/datadog/faults.js';
import { outputOf } from '../control-plane/kubectl.js';
import { until } from '../control-plane/waiting.js';
import { runBeside } from './node-side-world.js';
import { autoscaler, deployment, namespace } from './objects.js';
import type { Replica } from './replica.js';
import type { World } from './world.js';

export const apiService = 'v1beta1.external.metrics.k8s.io';
/** Where the HPA controller's right to read external metrics comes from: Kubernetes' own role and ours. */
const controllerRole = 'system:controller:horizontal-pod-autoscaler';
const readerRole = 'external-metrics-reader';
/** What lets the product write its authority into the APIService. */
const certificateRole = 'datadog-cluster-agent:certificate';

export interface Told {
  readonly report: Report;
  readonly code: number;
}

/** The command, run beside a replica, with its JSON read. */
export async function explain(replica: Replica, name: string, ...more: readonly string[]): Promise<Told> {
  const told = await runBeside(replica, ['explain', `${namespace}/${name}`, '--json', ...more]);
  if (told.stderr !== '') throw new Error(told.stderr);
  return { report: JSON.parse(told.stdout) as Report, code: told.code };
}

export function verdictIn({ metrics, judgement }: Report): Verdict | undefined {
  return (metrics[0]?.judgement ?? judgement)?.verdict;
}

/** Waits until the command comes to a verdict, and checks its exit code; throws with what it said last. */
export async function untilVerdict(
  replica: Replica,
  name: string,
  kind: Verdict['kind'],
  timeoutMs = 30_000,
): Promise<Report> {
  let last = '';
  try {
    return await until(
      kind,
      async () => {
        const { report, code } = await explain(replica, name);
        last = reportText(report);
        if (code !== (isAllFine(report) ? 0 : 2)) throw new Error(`exit code ${code} for:\n${last}`);
        return verdictIn(report)?.kind === kind ? report : undefined;
      },
      { timeoutMs, pollMs: 200 },
    );
  } catch (error: unknown) {
    throw new Error(`${String(error)}; it says:\n${last}`);
  }
}

/** An HPA with a Deployment on a metric, by an AverageValue of 10. */
export async function scale(
  world: World,
  name: string,
  {
    metric = `m.${name}`,
    maxReplicas = 20,
    selector,
  }: { metric?: string; maxReplicas?: number; selector?: object } = {},
): Promise<void> {
  const target = { type: 'AverageValue', averageValue: '10' };
  const asked = { metric, target, maxReplicas, ...(selector === undefined ? {} : { selector }) };
  await world.plane.apply(deployment(name), autoscaler(name, asked));
}

/** Lets all replicas' Datadogs answer one metric with a fault. */
export function spoil(world: World, metric: RegExp, fault: DatadogFault): void {
  for (const { datadog } of world.replicas) datadog.faults.forQuery(metric, fault);
}

export function mend(world: World): void {
  for (const { datadog } of world.replicas) datadog.faults.clear();
}

export async function patch(world: World, kind: string, name: string, change: object): Promise<void> {
  await outputOf(world.plane.kubectl, ['patch', kind, name, '--type=merge', '-p', JSON.stringify(change)]);
}

/** Takes a verb or a whole rule away from a ClusterRole while `work` goes on. */
async function withRules(
  world: World,
  role: string,
  change: (rules: readonly Rule[]) => readonly Rule[],
  work: () => Promise<void>,
): Promise<void> {
  const read = await outputOf(world.plane.kubectl, ['get', 'clusterrole', role, '-o', 'json']);
  const { rules } = JSON.parse(read) as { rules: readonly Rule[] };
  await patch(world, 'clusterrole', role, { rules: change(rules) });
  try {
    await work();
  } finally {
    await patch(world, 'clusterrole', role, { rules });
  }
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly verbs: readonly string[];
}

/** The product may look at the APIService and not change it, as where somebody else manages it. */
export function withoutRightToPatch(world: World, work: () => Promise<void>): Promise<void> {
  const change = (rules: readonly Rule[]) =>
    rules.map((rule) => ({ ...rule, verbs: rule.verbs.filter((verb) => verb !== 'patch') }));
  return withRules(world, certificateRole, change, work);
}

/** The HPA controller may not read external metrics, as in clusters whose roles were tightened. */
export function withoutReader(world: World, work: () => Promise<void>): Promise<void> {
  const change = (rules: readonly Rule[]) =>
    rules.filter(({ apiGroups }) => !apiGroups.includes('external.metrics.k8s.io'));
  return withRules(world, controllerRole, change, () => withRules(world, readerRole, change, work));
}
