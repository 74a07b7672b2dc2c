import { span } from './span.js';
import type { TroubleKind } from './trouble.js';
import type { Verdict } from './verdict.js';
import type { WordBook } from './word-book.js';

type Trouble = Extract<Verdict, { readonly kind: TroubleKind }>;

/** What is wrong on the way to Datadog. The fault's own words hold what Datadog said. */
export const troubleWords: WordBook<TroubleKind> = {
  keys_missing: (verdict) => ({
    sentence: `Datadog is not asked, for want of keys: ${said(verdict)}`,
    remedy: 'Set DD_API_KEY and DD_APP_KEY (the Secret that the Deployment names) and restart the pods.',
  }),
  keys_refused: (verdict) => ({
    sentence: `Datadog refuses the keys: ${said(verdict)}`,
    remedy: 'Set keys that both belong to DD_SITE; the application key needs the right timeseries_query.',
  }),
  rate_limited: (verdict) => ({
    sentence: said(verdict),
    remedy:
      "Wait for the reset; then raise DD_EXTERNAL_METRICS_PROVIDER_REFRESH_PERIOD, or have Datadog's support raise the limit.",
  }),
  datadog_unreachable: (verdict) => ({
    sentence: `Datadog cannot be reached: ${said(verdict)}`,
    remedy:
      'Check egress from the pods (DNS, NetworkPolicy, firewall), the proxy (DD_PROXY_HTTPS) and DD_SITE.',
  }),
  datadog_timeout: (verdict) => ({
    sentence: `Datadog does not answer in time: ${said(verdict)}`,
    remedy: 'Look at status.datadoghq.com and at proxies on the way; it is asked again by itself.',
  }),
  datadog_failing: (verdict) => ({
    sentence: `Datadog fails: ${said(verdict)}`,
    remedy: 'Look at status.datadoghq.com; it is asked again by itself.',
  }),
  datadog_unreadable: (verdict) => ({
    sentence: `What answers in Datadog's place cannot be read: ${said(verdict)}`,
    remedy: 'A proxy or a login page most likely stands between: check DD_PROXY_HTTPS and DD_SITE.',
  }),
  datadog_path_unknown: (verdict) => ({
    sentence: `What answers in Datadog's place is not its API: ${said(verdict)}`,
    remedy: 'Correct DD_SITE or DD_EXTERNAL_METRICS_PROVIDER_ENDPOINT.',
  }),
  datadog_refuses_all: (verdict) => ({
    sentence: said(verdict),
    remedy: 'Look at status.datadoghq.com and at proxies on the way; it is asked again by itself.',
  }),
  query_suspected: (verdict) => ({
    sentence: said(verdict),
    remedy: "Wait for the next refreshes; the HPA with the bad query then says 'rejected'.",
  }),
  refresh_failing: (verdict) => ({
    sentence: `The last refresh failed: ${said(verdict)}`,
    remedy: 'Cure what is named; the log of the leader shows each attempt.',
  }),
};

function said({ why, servedForMs }: Trouble): string {
  return servedForMs === undefined
    ? `${why}; no value is served.`
    : `${why}; the last value is served for ${span(servedForMs)} more.`;
}
