import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { ControlPlane } from '../control-plane/control-plane.js';
import { outputOf } from '../control-plane/kubectl.js';
import { baseFolder } from '../e2e/world.js';
import { type AuditedRequest, parseAudit } from './audit.js';
import type { Outage } from './recorder.js';

export interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly Rule[];
  readonly roleRef?: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly {
    readonly kind: string;
    readonly name: string;
    readonly namespace?: string;
  }[];
}

/** Rules that hold in one namespace, or in all. */
export interface Grant {
  readonly from: string;
  readonly namespace: string | undefined;
  readonly rules: readonly Rule[];
  /** Ours to narrow; a role of Kubernetes' own is taken as it is, and needs to be used at all, rule by rule. */
  readonly isOurs: boolean;
}

const account = { name: 'datadog-cluster-agent', namespace: 'datadog' };

/**
 * What is wrong with the shipped rights by the audit log of a whole run: a verb, a resource or a name that no replica
 * used, a binding that was of no use, and each kind of request that was refused.
 */
export async function judgeRights(
  plane: ControlPlane,
  auditLogFile: string,
  outages: readonly Outage[],
): Promise<readonly string[]> {
  return complaintsOf(await grants(plane), parseAudit(await readFile(auditLogFile, 'utf8')), outages);
}

/** A kube-apiserver that starts refuses everything until it has read who may do what. */
const startMs = 1_000;

export function complaintsOf(
  grants: readonly Grant[],
  requests: readonly AuditedRequest[],
  outages: readonly Outage[] = [],
): readonly string[] {
  const granted = requests.filter(({ status }) => status !== 401 && status !== 403);
  const unused = grants.flatMap((grant) => {
    const judge = grant.isOurs ? unusedOf : idleRule;
    return grant.rules.flatMap((rule) => judge(rule, grant, granted));
  });
  const refused = requests
    .filter(({ status, atMs }) => status === 403 && !outages.some((outage) => isIn(outage, atMs)))
    .map(({ verb, uri }) => `refused: ${verb} ${uri.split('?')[0]}`);
  return [...new Set([...unused, ...refused])];
}

function isIn({ what, fromMs, untilMs = Number.POSITIVE_INFINITY }: Outage, atMs: number): boolean {
  return what === 'kube-apiserver' && atMs >= fromMs && atMs <= untilMs + startMs;
}

/** What the shipped manifests give to the account of the replicas. */
async function grants(plane: ControlPlane): Promise<readonly Grant[]> {
  const text = await readFile(join(baseFolder, 'rbac.yaml'), 'utf8');
  const manifests = parseAllDocuments(text).map((document) => document.toJS() as Manifest);
  const bindings = manifests.filter(({ subjects = [] }) =>
    subjects.some(({ name, namespace }) => name === account.name && namespace === account.namespace),
  );
  return Promise.all(
    bindings.map(async ({ metadata: { name, namespace }, roleRef }) => {
      const own = manifests.find(
        (manifest) =>
          manifest.kind === roleRef?.kind &&
          manifest.metadata.name === roleRef.name &&
          (manifest.kind === 'ClusterRole' || manifest.metadata.namespace === namespace),
      );
      const role = own ?? (await readRole(plane, `${roleRef?.kind}/${roleRef?.name}`, namespace));
      return { from: `binding ${name}`, namespace, rules: role.rules ?? [], isOurs: own !== undefined };
    }),
  );
}

async function readRole(plane: ControlPlane, role: string, namespace?: string): Promise<Manifest> {
  const place = namespace === undefined ? [] : ['-n', namespace];
  return JSON.parse(await outputOf(plane.kubectl, ['get', role, ...place, '-o', 'json'])) as Manifest;
}

/** Every verb must have been used on every resource and name. */
function unusedOf(rule: Rule, grant: Grant, requests: readonly AuditedRequest[]): string[] {
  return pairsOf(rule).flatMap((pair) => {
    const used = requests.filter((request) => isUse(request, pair, grant));
    const where = pair.filter((part) => part !== '').join('.');
    if (rule.resourceNames === undefined) return unusedVerbs(rule, used, `${where} (${grant.from})`);
    return toRows(rule.resourceNames).flatMap(({ first, others }) => {
      const byFirst = used.filter(({ name }) => name === first);
      if (others.length === 0) return unusedVerbs(rule, byFirst, `${where} ${first} (${grant.from})`);
      // Of a row of numbered objects one shows for all; its first is never deleted, the others are seldom got.
      const byOthers = used.filter(({ name }) => others.includes(name));
      const idle = [
        ...(byFirst.length === 0 ? [`unused: ${where} ${first} (${grant.from})`] : []),
        ...(byOthers.length === 0 ? [`unused: ${where} ${first}-N (${grant.from})`] : []),
      ];
      const byRow = [...byFirst, ...byOthers];
      return [...idle, ...unusedVerbs(rule, byRow, `${where} ${first}, ${first}-N (${grant.from})`)];
    });
  });
}

function unusedVerbs(rule: Rule, used: readonly AuditedRequest[], what: string): string[] {
  return rule.verbs
    .filter((verb) => !used.some((request) => request.verb === verb))
    .map((verb) => `unused: ${verb} ${what}`);
}

/** A rule of a role that is not ours to narrow need only be used at all. */
function idleRule(rule: Rule, grant: Grant, requests: readonly AuditedRequest[]): string[] {
  const isUsed = pairsOf(rule).some((pair) =>
    requests.some(
      (request) =>
        isUse(request, pair, grant) &&
        rule.verbs.includes(request.verb) &&
        (rule.resourceNames?.includes(request.name) ?? true),
    ),
  );
  return isUsed ? [] : [`unused: ${(rule.resources ?? []).join(', ')} (${grant.from})`];
}

type Pair = readonly [resource: string, apiGroup: string];

function pairsOf({ apiGroups = [], resources = [] }: Rule): readonly Pair[] {
  return resources.flatMap((resource) => apiGroups.map((apiGroup): Pair => [resource, apiGroup]));
}

function isUse(request: AuditedRequest, [resource, apiGroup]: Pair, { namespace }: Grant): boolean {
  return (
    request.resource === resource &&
    request.apiGroup === apiGroup &&
    (namespace === undefined || request.namespace === namespace)
  );
}

interface Row {
  readonly first: string;
  /** `<first>-1` and so on. */
  readonly others: readonly string[];
}

function toRows(names: readonly string[]): readonly Row[] {
  const firstOf = (name: string): string => {
    const first = name.replace(/-\d+$/, '');
    return names.includes(first) ? first : name;
  };
  return [...new Set(names.map(firstOf))].map((first) => ({
    first,
    others: names.filter((name) => name !== first && firstOf(name) === first),
  }));
}
