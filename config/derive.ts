import type { Entry } from './entry.js';
import type { Problem } from './problem.js';
import type { SettingPath, Values } from './schema.js';

/** A value that follows from other settings, and why, in a few words. */
export interface Derived {
  readonly path: SettingPath;
  readonly value: unknown;
  readonly reason: string;
  readonly problem?: Problem;
}

/** The newest complete point may be this many rollups old while everything works as it should. */
const rollupsAlwaysAllowed = 3;

/**
 * What the values that were set imply for those that were not, or not usefully. Its results replace the values,
 * so the rest of the program never asks twice.
 */
export function derive(values: Values, entryAt: (path: SettingPath) => Entry): readonly Derived[] {
  return [...leaderElection(values, entryAt), ...maximumAge(values, entryAt), ...endpoints(values)];
}

/** Two replicas without an election would both act, so what needs a leader switches the election on. */
function leaderElection(values: Values, entryAt: (path: SettingPath) => Entry): readonly Derived[] {
  const { origin } = entryAt('leaderElection.enabled');
  const cause = values.externalMetrics.enabled ? 'external metrics' : 'events';
  if (origin.kind !== 'default' || !(values.externalMetrics.enabled || values.events.collect)) return [];
  return [{ path: 'leaderElection.enabled', value: true, reason: `needed by ${cause}` }];
}

function maximumAge(values: Values, entryAt: (path: SettingPath) => Entry): readonly Derived[] {
  const { maxAgeSeconds, rollupSeconds } = values.externalMetrics;
  const leastSeconds = rollupsAlwaysAllowed * rollupSeconds;
  if (maxAgeSeconds >= leastSeconds) return [];
  const entry = entryAt('externalMetrics.maxAgeSeconds');
  const message = `${maxAgeSeconds} s is less than three rollups of ${rollupSeconds} s; the bound in effect is ${leastSeconds} s`;
  return [
    {
      path: 'externalMetrics.maxAgeSeconds',
      value: leastSeconds,
      reason: `three rollups, over ${maxAgeSeconds} s`,
      problem: { severity: 'warning', setting: nameOf(entry), origin: entry.origin, message },
    },
  ];
}

/** External metrics may have an address and keys of their own; else they use those of all the rest. */
function endpoints(values: Values): readonly Derived[] {
  const { datadog, externalMetrics } = values;
  const derived: Derived[] = [];
  if (datadog.url === undefined)
    derived.push({ path: 'datadog.url', value: `https://api.${datadog.site}`, reason: 'from site' });
  if (externalMetrics.endpoint === undefined) {
    derived.push({
      path: 'externalMetrics.endpoint',
      value: `https://api.${datadog.site}`,
      reason: 'from site',
    });
  }
  if (externalMetrics.apiKey === undefined && datadog.apiKey !== undefined) {
    derived.push({ path: 'externalMetrics.apiKey', value: datadog.apiKey, reason: 'from api_key' });
  }
  if (externalMetrics.appKey === undefined && datadog.appKey !== undefined) {
    derived.push({ path: 'externalMetrics.appKey', value: datadog.appKey, reason: 'from app_key' });
  }
  return derived;
}

/** The name under which the operator set it, or would. */
export function nameOf(entry: Entry): string {
  switch (entry.origin.kind) {
    case 'environment':
    case 'flag':
      return entry.origin.name;
    case 'file':
      return entry.origin.key ?? entry.setting.yaml[0];
    case 'default':
    case 'derived':
      return entry.setting.environment[0];
  }
}
