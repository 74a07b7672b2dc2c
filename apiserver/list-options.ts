import { Fault } from '../core/fault.js';
import { fail, ok, type Result } from '../core/result.js';
import type { Selector } from '../core/selector.js';
import { parseSelector } from '../core/selector-text.js';
import { toOneLine } from './one-line.js';
import type { Query } from './query-string.js';

/**
 * The selector of a request's list options, or why they cannot be granted, tried in the order of the Kubernetes API
 * library. Parameters that cannot change the answer (`limit`, `resourceVersion`, `timeoutSeconds` …) are not looked at;
 * one that would narrow it is refused rather than ignored.
 *
 * Faults: `request.malformed`, `request.invalid`, `request.method_not_allowed` (a watch).
 */
export function toSelector(query: Query): Result<Selector, Fault> {
  const selector = labelSelectorOf(query);
  if (!selector.ok) return selector;
  const fault = fieldSelectorFault(query) ?? versionMatchFault(query) ?? watchFault(query);
  return fault === undefined ? selector : fail(fault);
}

/** Whether the options ask for a watch, by the rules of Kubernetes for booleans: anything but `false` and `0` is true. */
export function isWatch(query: Query): boolean {
  const value = query.get('watch')?.[0];
  return value !== undefined && value !== '0' && value.toLowerCase() !== 'false';
}

function labelSelectorOf(query: Query): Result<Selector, Fault> {
  for (const name of query.keys()) {
    if (name !== 'labelSelector' && name.toLowerCase() === 'labelselector') {
      return fail(new Fault('request.malformed', `unknown parameter "${name}": expected labelSelector`));
    }
  }
  const values = query.get('labelSelector') ?? [];
  if (values.length > 1) {
    const hint = 'expected one, with its conditions joined by commas';
    return fail(
      new Fault('request.malformed', `the parameter labelSelector came ${values.length} times: ${hint}`),
    );
  }
  const text = values[0] ?? '';
  const selector = parseSelector(text);
  if (selector.ok) return ok(selector.value);
  return fail(
    new Fault('request.malformed', `${toOneLine(selector.error)} (labelSelector "${toOneLine(text)}")`),
  );
}

function fieldSelectorFault(query: Query): Fault | undefined {
  const text = query.get('fieldSelector')?.find((value) => value !== '');
  if (text === undefined) return undefined;
  return new Fault(
    'request.malformed',
    `external metrics have no fields to select by: leave out fieldSelector "${toOneLine(text)}"`,
  );
}

/** What `ValidateListOptions` of k8s.io/apimachinery refuses. */
function versionMatchFault(query: Query): Fault | undefined {
  const problem = versionMatchProblem(query);
  return problem === undefined
    ? undefined
    : new Fault('request.invalid', `ListOptions.meta.k8s.io "" is invalid: ${problem}`);
}

function versionMatchProblem(query: Query): string | undefined {
  const first = (name: string): string => query.get(name)?.[0] ?? '';
  if (query.has('sendInitialEvents') && !isWatch(query)) {
    return 'sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list';
  }
  const match = first('resourceVersionMatch');
  if (match === '') return undefined;
  const forbidden = 'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden';
  if (isWatch(query)) return `${forbidden} for watch unless sendInitialEvents is provided`;
  if (first('resourceVersion') === '') return `${forbidden} unless resourceVersion is provided`;
  if (first('continue') !== '') return `${forbidden} when continue is provided`;
  if (match !== 'Exact' && match !== 'NotOlderThan') {
    return `resourceVersionMatch: Unsupported value: "${toOneLine(match)}": supported values: "", "Exact", "NotOlderThan"`;
  }
  return undefined;
}

function watchFault(query: Query): Fault | undefined {
  if (!isWatch(query)) return undefined;
  return new Fault(
    'request.method_not_allowed',
    'watch is not supported on resources of kind "*.external.metrics.k8s.io"',
  );
}
