import { field, type Line, line } from './layout.js';
import { subsection } from './process-sections.js';
import type {
  ExternalMetricsStatus,
  MetricsStatus,
  RateLimitStatus,
  RefreshStatus,
  RegistrationStatus,
  StoreStatus,
} from './report.js';
import { counted, duration, since, size, toIso } from './units.js';

export function externalMetricsLines(
  metrics: ExternalMetricsStatus,
  isLeader: boolean,
  nowMs: number,
): readonly Line[] {
  const { port, endpoint, apiService, certificate, refresh, rateLimit } = metrics;
  return [
    line(1, port === null ? 'Port: not listening' : `Port: ${port}`, port === null ? 'bad' : 'plain'),
    line(1, `Datadog: ${endpoint}`),
    ...countLines(metrics.metrics),
    ...subsection('APIService', registrationLines(apiService, nowMs)),
    ...subsection('Certificate', certificateLines(certificate)),
    ...subsection('Refresh', refreshLines(refresh, isLeader, nowMs)),
    ...subsection('Rate limit', rateLimitLines(rateLimit, isLeader, nowMs)),
  ];
}

function countLines(metrics: MetricsStatus): readonly Line[] {
  const { wanted, valid, pending, invalid, invalidByReason, troubled, oldestSeconds } = metrics;
  const reasons = Object.entries(invalidByReason).map(([reason, count]) =>
    line(2, `${reason}: ${count}`, 'bad'),
  );
  return [
    line(1, 'External Metrics'),
    line(2, `Total: ${wanted}`),
    line(2, `Valid: ${valid}`, valid === wanted ? 'good' : 'doubtful'),
    ...(pending === 0 ? [] : [line(2, `Not asked yet: ${pending}`, 'doubtful')]),
    ...(invalid === 0 ? [] : [line(2, `Invalid: ${invalid}`, 'bad'), ...reasons.map(deeper)]),
    ...(troubled === 0
      ? []
      : [line(2, `Served with their last value, as Datadog could not be asked: ${troubled}`, 'doubtful')]),
    ...(oldestSeconds === null ? [] : [line(2, `Oldest value: ${duration(oldestSeconds)}`)]),
  ];
}

function deeper({ text, tone }: Line): Line {
  return line(1, text, tone);
}

function registrationLines(registration: RegistrationStatus, nowMs: number): readonly Line[] {
  const { name, available, reason, message, service, isOurs, readAt, problem } = registration;
  const because = [reason, message].filter((text) => text !== null).join(': ');
  return [
    line(1, `Name: ${name}`),
    line(
      1,
      `Available: ${available}${because === '' ? '' : ` (${because})`}`,
      available === 'True' ? 'good' : available === 'False' ? 'bad' : 'doubtful',
    ),
    ...(service === null ? [] : [serviceLine(service, isOurs)]),
    line(1, `Read: ${since(readAt, nowMs)}`),
    ...field(1, 'Error', problem, 'bad'),
  ];
}

function serviceLine(service: string, isOurs: boolean | null): Line {
  if (isOurs === null) return line(1, `Service: ${service}`);
  return isOurs
    ? line(1, `Service: ${service} (ours)`)
    : line(1, `Service: ${service}: not ours! Another server answers external metrics`, 'bad');
}

function certificateLines(certificate: ExternalMetricsStatus['certificate']): readonly Line[] {
  if (certificate === null) return [line(1, 'there is none yet', 'bad')];
  const { notAfter, remainingSeconds } = certificate;
  const left = remainingSeconds < 0 ? 'expired' : `${duration(remainingSeconds)} left`;
  return [line(1, `Valid until: ${toIso(Date.parse(notAfter))} (${left})`, toneOf(remainingSeconds))];
}

function toneOf(remainingSeconds: number): 'plain' | 'doubtful' | 'bad' {
  if (remainingSeconds < 0) return 'bad';
  return remainingSeconds < 86_400 ? 'doubtful' : 'plain';
}

function refreshLines(refresh: RefreshStatus | null, isLeader: boolean, nowMs: number): readonly Line[] {
  const other = isLeader
    ? []
    : [line(1, 'The leader asks Datadog; this replica serves what the leader shares')];
  if (refresh === null)
    return isLeader ? [line(1, 'Never refreshed: no refresh has ended yet', 'doubtful')] : other;
  const { endedAt, scope, tookSeconds, queries, calls, splits } = refresh;
  return [
    ...other,
    line(1, `Last: ${since(endedAt, nowMs)}${isLeader ? '' : ', while this replica led'}`),
    line(1, `Took: ${duration(tookSeconds)}`),
    line(1, `Asked: ${counted(queries, 'query', 'queries')} in ${counted(calls, 'call')}`),
    ...(scope === 'new' ? [line(1, 'Scope: only what was new')] : []),
    ...(splits === 0 ? [] : [line(1, `Refused batches that were halved: ${splits}`, 'doubtful')]),
  ];
}

function rateLimitLines(limit: RateLimitStatus | null, isLeader: boolean, nowMs: number): readonly Line[] {
  if (limit === null) return [line(1, isLeader ? 'Datadog has not said' : 'The leader knows')];
  const { limit: calls, periodSeconds, remaining, remainingMin, resetAt } = limit;
  const period = periodSeconds === null ? '' : ` per ${duration(periodSeconds)}`;
  const isLow = remaining !== null && remaining < calls / 10;
  return [
    line(1, `Limit: ${counted(calls, 'call')}${period}`),
    ...field(1, 'Remaining', remaining, isLow ? 'bad' : 'plain'),
    ...field(1, 'Least remaining in this period', remainingMin),
    ...(resetAt === null ? [] : [line(1, `Reset: ${since(resetAt, nowMs)}`)]),
  ];
}

export function storeLines(store: StoreStatus, isLeader: boolean): readonly Line[] {
  const { configMaps, bytes, unchangedSeconds, lagSeconds, silentSeconds } = store;
  return [
    ...configMaps.map(({ name, exists, entries, bytes: own, updatedAt }) =>
      exists
        ? line(
            1,
            `${name}: ${counted(entries, 'entry', 'entries')}, ${size(own)}, written ${updatedAt ?? 'without a date'}`,
          )
        : line(1, `${name}: does not exist`, 'doubtful'),
    ),
    line(1, `Size: ${size(bytes)} in ${counted(configMaps.length, 'ConfigMap')}`),
    line(
      1,
      `Last changed: ${unchangedSeconds === null ? 'never seen' : `${duration(unchangedSeconds)} ago`}`,
    ),
    line(1, `Last heard of: ${silentSeconds === null ? 'never' : `${duration(silentSeconds)} ago`}`),
    ...(isLeader
      ? [line(1, 'Lag: none, this replica writes them')]
      : [
          line(
            1,
            `Lag behind the leader: ${lagSeconds === null ? 'no change has come yet' : duration(lagSeconds)}`,
          ),
        ]),
  ];
}
