import { badRequest } from './api-error.js';
import { isTrue } from './request-info.js';

/** The query parameters of a list or a watch. Empty texts and zero mean "not given". */
export interface ListOptions {
  readonly labelSelector: string;
  readonly fieldSelector: string;
  readonly limit: number;
  readonly continueToken: string;
  /** `undefined` and 0 differ: the newest state, and any state. */
  readonly revision: number | undefined;
  readonly isExact: boolean;
  readonly timeoutSeconds: number | undefined;
  readonly withBookmarks: boolean;
}

/** Throws a 400 for what a real server would not decode. */
export function toListOptions(query: URLSearchParams): ListOptions {
  const match = query.get('resourceVersionMatch') ?? '';
  const revision = toRevision(query.get('resourceVersion') ?? '');
  if (match !== '' && revision === undefined) {
    throw badRequest('resourceVersionMatch is forbidden unless resourceVersion is provided');
  }
  if (match !== '' && match !== 'Exact' && match !== 'NotOlderThan') {
    throw badRequest(
      `resourceVersionMatch: Unsupported value: "${match}": supported values: "Exact", "NotOlderThan", ""`,
    );
  }
  const limit = toCount('limit', query.get('limit')) ?? 0;
  return {
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector: query.get('fieldSelector') ?? '',
    limit,
    continueToken: query.get('continue') ?? '',
    revision,
    // A first page at a given version has always meant exactly that version, unless the caller says otherwise.
    isExact: match === 'Exact' || (match === '' && limit > 0 && revision !== undefined && revision > 0),
    timeoutSeconds: toCount('timeoutSeconds', query.get('timeoutSeconds')),
    withBookmarks: isTrue(query.get('allowWatchBookmarks')),
  };
}

function toRevision(text: string): number | undefined {
  if (text === '') return undefined;
  if (!/^\d{1,15}$/.test(text)) {
    throw badRequest(
      `resourceVersion: Invalid value: "${text}": strconv.ParseUint: parsing "${text}": invalid syntax`,
    );
  }
  return Number(text);
}

function toCount(name: string, text: string | null): number | undefined {
  if (text === null || text === '') return undefined;
  if (!/^\d{1,15}$/.test(text)) {
    throw badRequest(
      `unable to decode query parameter ${name}: strconv.ParseInt: parsing "${text}": invalid syntax`,
    );
  }
  return Number(text);
}
