/** What can be wrong between the leader and Datadog, apart from what is wrong with the query. */
export type TroubleKind =
  | 'keys_missing'
  | 'keys_refused'
  | 'rate_limited'
  | 'datadog_unreachable'
  | 'datadog_timeout'
  | 'datadog_failing'
  | 'datadog_unreadable'
  | 'datadog_path_unknown'
  | 'datadog_refuses_all'
  | 'query_suspected'
  | 'refresh_failing';

/** In this order: what is quoted inside of another message must not be taken for it. */
const signs: readonly (readonly [TroubleKind, RegExp])[] = [
  ['datadog_refuses_all', /^Datadog refuses queries that it answered before/],
  ['query_suspected', /^Datadog refused this query together with/],
  ['keys_missing', /not set: queries need/],
  ['keys_refused', /refused the keys \(/],
  ['rate_limited', /^Datadog's rate limit/],
  ['datadog_timeout', /did not answer within/],
  ['datadog_path_unknown', /does not know the query API/],
  ['datadog_unreadable', /with a body that cannot be read/],
  ['datadog_unreachable', /cannot be reached/],
  ['datadog_failing', / answered [3-5]\d\d/],
];

/**
 * What the text of a failed refresh stands for. Records hold the text alone, and followers have nothing else to go by;
 * a test holds these signs against the texts of `datadog/`.
 */
export function troubleKindOf(text: string): TroubleKind {
  return signs.find(([, sign]) => sign.test(text))?.[0] ?? 'refresh_failing';
}
