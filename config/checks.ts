import { nameOf } from './derive.js';
import type { Entry } from './entry.js';
import type { Problem } from './problem.js';
import type { SettingPath, Values } from './schema.js';

type EntryAt = (path: SettingPath) => Entry;

/** What is wrong or questionable about values that are each acceptable by themselves. */
export function checkTogether(values: Values, entryAt: EntryAt): readonly Problem[] {
  return [
    ...samePorts(values, entryAt),
    ...(values.externalMetrics.enabled ? [...keys(values, entryAt), ...ages(values, entryAt)] : []),
    ...lead(values, entryAt),
    ...events(values, entryAt),
  ];
}

/** Who switches it on waits for events, and should not wait in vain. */
function events(values: Values, entryAt: EntryAt): readonly Problem[] {
  if (!values.events.collect || values.datadog.apiKey !== undefined || entryAt('datadog.apiKey').isWrong)
    return [];
  return [warning(entryAt('events.collect'), 'no event is sent: DD_API_KEY is not set')];
}

/** A second listener on a port fails when everything else already runs, so it is seen here. */
function samePorts(values: Values, entryAt: EntryAt): readonly Problem[] {
  const paths: readonly SettingPath[] = [
    ...(values.externalMetrics.enabled ? (['externalMetrics.port'] as const) : []),
    'clusterAgent.commandPort',
    'process.telemetryPort',
    'process.healthPort',
    'process.guiPort',
  ];
  const takenBy = new Map<unknown, Entry>();
  const problems: Problem[] = [];
  for (const entry of paths.map(entryAt).filter(({ isWrong }) => !isWrong)) {
    const other = hasNoNumber(entry) ? undefined : takenBy.get(entry.value);
    if (other === undefined) {
      takenBy.set(entry.value, entry);
    } else {
      const message = `both are port ${entry.value}, expected a port for each`;
      problems.push({ severity: 'error', setting: `${nameOf(other)} and ${nameOf(entry)}`, message });
    }
  }
  return problems;
}

/** 0 is any free port, -1 none at all. */
function hasNoNumber({ value }: Entry): boolean {
  return value === 0 || value === -1;
}

/** Missing keys end nothing: discovery must go on answering, and each answer says what is missing. */
function keys(values: Values, entryAt: EntryAt): readonly Problem[] {
  const { apiKey, appKey } = values.externalMetrics;
  const apiKeyEntry = keyEntry('externalMetrics.apiKey', 'datadog.apiKey', entryAt);
  const appKeyEntry = keyEntry('externalMetrics.appKey', 'datadog.appKey', entryAt);
  const problems: Problem[] = [];
  if (apiKey === undefined && !apiKeyEntry.isWrong) problems.push(missingKey(apiKeyEntry, 'API key'));
  if (appKey === undefined && !appKeyEntry.isWrong) problems.push(missingKey(appKeyEntry, 'application key'));
  if (apiKey !== undefined && looksLikeAppKey(apiKey)) {
    problems.push(warning(apiKeyEntry, 'has the form of an application key; are the two keys swapped?'));
  }
  if (appKey !== undefined && looksLikeApiKey(appKey)) {
    problems.push(warning(appKeyEntry, 'has the form of an API key; are the two keys swapped?'));
  }
  return problems;
}

/** The key of external metrics if it was set, or set wrong, by itself; else the general one. */
function keyEntry(own: SettingPath, general: SettingPath, entryAt: EntryAt): Entry {
  const entry = entryAt(own);
  const isOwn = entry.isWrong || (entry.value !== undefined && entry.origin.kind !== 'derived');
  return isOwn ? entry : entryAt(general);
}

function missingKey(entry: Entry, what: string): Problem {
  const message = `not set: Datadog cannot be queried without an ${what}, so every external metric is answered with an error`;
  return { severity: 'warning', setting: nameOf(entry), message };
}

function looksLikeAppKey(key: string): boolean {
  return /^([0-9a-f]{40}|ddapp_[A-Za-z0-9]{34})$/i.test(key);
}

function looksLikeApiKey(key: string): boolean {
  return /^[0-9a-f]{32}$/i.test(key);
}

const agePaths = [
  'externalMetrics.bucketSizeSeconds',
  'externalMetrics.rollupSeconds',
  'externalMetrics.refreshPeriodSeconds',
  'externalMetrics.maxAgeSeconds',
] as const;

/** Combinations under which values would be refused although nothing fails. */
function ages(values: Values, entryAt: EntryAt): readonly Problem[] {
  if (agePaths.map(entryAt).some(({ isWrong }) => isWrong)) return [];
  const { bucketSizeSeconds, rollupSeconds, refreshPeriodSeconds, maxAgeSeconds } = values.externalMetrics;
  const problems: Problem[] = [];
  if (bucketSizeSeconds < 2 * rollupSeconds) {
    const message = `${bucketSizeSeconds} s holds less than two rollups of ${rollupSeconds} s, so a query may find no complete point`;
    problems.push(warning(entryAt('externalMetrics.bucketSizeSeconds'), message));
  }
  if (refreshPeriodSeconds >= maxAgeSeconds) {
    const message = `${refreshPeriodSeconds} s is not under the maximum age of ${maxAgeSeconds} s, so values expire between two refreshes`;
    problems.push(warning(entryAt('externalMetrics.refreshPeriodSeconds'), message));
  }
  return problems;
}

/** A lease at or under this is renewed so often, and given up so soon, that a slow API server moves the lead. */
const shortLeaseSeconds = 30;

function lead(values: Values, entryAt: EntryAt): readonly Problem[] {
  const { enabled, leaseSeconds } = values.leaderElection;
  const needsLeader = values.externalMetrics.enabled || values.events.collect;
  if (!enabled && needsLeader) {
    const message = 'no leader is elected: this replica acts as the leader and must be the only one';
    return [warning(entryAt('leaderElection.enabled'), message)];
  }
  if (leaseSeconds > shortLeaseSeconds) return [];
  const message = `${leaseSeconds} s is short: a Kubernetes API that is slow for ${leaseSeconds / 2} s moves the lead; more than 30 s is advised`;
  return [warning(entryAt('leaderElection.leaseSeconds'), message)];
}

function warning(entry: Entry, message: string): Problem {
  return { severity: 'warning', setting: nameOf(entry), origin: entry.origin, message };
}
