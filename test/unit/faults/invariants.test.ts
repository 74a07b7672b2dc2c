import { expect } from 'chai';
import { tenures, violationsOf } from '../../faults/invariants.js';
import type { ProxiedRequest } from '../../faults/proxied-request.js';
import type { Answer, Outcome, Recording, Traffic } from '../../faults/recorder.js';
import { pathOf, pointOf, shapeOf, type WatchedMetric, watchedMetrics } from '../../faults/watched.js';

const jobs = metricOf('jobs');
const mail = metricOf('mail');
const startMs = Math.floor(Date.now() / 1000) * 1000;

/** The answer that a good replica gives `afterMs` after the start, with a point two seconds old. */
function good(afterMs = 0, change: Partial<Answer> = {}): Answer {
  const sentAtMs = startMs + afterMs;
  const timestampMs = Math.floor(sentAtMs / 1000) * 1000 - 2_000;
  const outcome: Outcome = {
    kind: 'value',
    value: shapeOf(jobs)(timestampMs / 1000) ?? 0,
    timestampMs,
  };
  return { via: 'dca-0', metric: jobs, sentAtMs, receivedAtMs: sentAtMs + 5, outcome, ...change };
}

function traffic(replica: string, change: Partial<Traffic> = {}): Traffic {
  return { replica, apiRequests: [], datadogCalls: [], log: '{"msg":"all well"}', ...change };
}

function recording(change: Partial<Recording>): Recording {
  return {
    fromMs: startMs,
    untilMs: startMs + 60_000,
    maxAgeMs: 10_000,
    answers: [],
    phases: [
      { replica: 'dca-0', atMs: startMs - 5_000, phase: 'starting' },
      { replica: 'dca-0', atMs: startMs - 3_000, phase: 'running' },
    ],
    outages: [],
    conditions: [],
    traffic: [],
    ...change,
  };
}

/** The rules that a recording breaks, each once. */
function broken(change: Partial<Recording>, allowances = {}): readonly string[] {
  return [...new Set(violationsOf(recording(change), allowances).map(({ rule }) => rule))];
}

const lease = (holder: string, revision: number, afterMs: number): ProxiedRequest => ({
  startedAtMs: startMs + afterMs - 10,
  monotonicMs: 0,
  endedAtMs: startMs + afterMs,
  method: 'PUT',
  path: '/apis/coordination.k8s.io/v1/namespaces/datadog/leases/datadog-leader-election',
  status: 200,
  resourceVersion: String(revision),
  holder,
});

const write = (revision: number, afterMs: number, status = 200): ProxiedRequest => ({
  startedAtMs: startMs + afterMs - 10,
  monotonicMs: 0,
  endedAtMs: startMs + afterMs,
  method: 'PUT',
  path: '/api/v1/namespaces/datadog/configmaps/datadog-custom-metrics',
  status,
  resourceVersion: String(revision),
});

const query = (afterMs: number) => ({
  atMonotonicMs: startMs + afterMs - performance.timeOrigin,
  method: 'GET',
  path: '/api/v1/query',
  queries: [],
  urlLength: 1,
  headers: {},
  status: 200,
  sentBytes: 0,
});

describe('faults/invariants', () => {
  it('find nothing wrong with good answers', () => {
    const served = [good(), good(1_000), good(1_000, { via: 'aggregator' })];
    expect(broken({ answers: served, traffic: [traffic('dca-0')] })).to.deep.equal([]);
  });

  it('know each point by its value', () => {
    const time = Math.floor(startMs / 1000);
    for (const metric of watchedMetrics)
      expect(pointOf(shapeOf(metric)(time) ?? 0)).to.deep.equal({
        index: metric.index,
        observedAtMs: time * 1000,
      });
    expect(pointOf(12)).to.equal(undefined);
    expect(pointOf((shapeOf(jobs)(time) ?? 0) + 0.5)).to.equal(undefined);
    expect(pathOf(mail)).to.contain('/namespaces/shop/queue.depth?labelSelector=queue%3Dmail');
  });

  const outcomes: readonly (readonly [string, Outcome, string])[] = [
    ['two items', { kind: 'misshapen', body: '{}' }, 'an answer is one item of the metric asked for'],
    [
      'a value of another metric',
      { ...good().outcome, value: shapeOf(mail)(startMs / 1000 - 2) ?? 0 } as Outcome,
      'a value is a point of its own metric, with the time of that point',
    ],
    [
      'the sum of two twins',
      { ...good().outcome, value: 2 * (shapeOf(jobs)(startMs / 1000 - 2) ?? 0) } as Outcome,
      'a value is a point of its own metric, with the time of that point',
    ],
    [
      'a time that is not that of the point',
      { ...good().outcome, timestampMs: startMs } as Outcome,
      'a value is a point of its own metric, with the time of that point',
    ],
    [
      'a refusal that nothing explains',
      { kind: 'refused', status: 503, reason: 'ServiceUnavailable', message: 'no' },
      'a refusal says something that is true of the fault',
    ],
    ['a reset', { kind: 'broken', message: 'ECONNRESET' }, 'a read that a running replica got is answered'],
  ];
  for (const [what, outcome, rule] of outcomes) {
    it(`find ${what}`, () => {
      expect(broken({ answers: [good(0, { outcome })] })).to.deep.equal([rule]);
    });
  }

  it('find a value that is too old by a millisecond, and one of the future', () => {
    const old = good(10_000 - 2_000 + 1, { outcome: good().outcome });
    expect(broken({ answers: [old] })).to.deep.equal(['no value is older than its bound, or of the future']);
    expect(broken({ answers: [good(8_000, { outcome: good().outcome })] })).to.deep.equal([]);
    const early = good(0, { outcome: good(3_000).outcome });
    expect(broken({ answers: [early] })).to.deep.equal([
      'no value is older than its bound, or of the future',
    ]);
  });

  it('find a replica that goes back, and forgive two replicas that differ', () => {
    const back = [good(2_000), good(2_500, { outcome: good(1_000).outcome })];
    expect(broken({ answers: back })).to.deep.equal(['a replica never goes back to an older point']);
    const other = [good(2_000), good(2_500, { via: 'dca-1', outcome: good(1_000).outcome })];
    expect(broken({ answers: other })).to.deep.equal([]);
  });

  it('allow only the refusals that a scenario names, and only in the form of a status', () => {
    const message = 'no value of queue.depth: Datadog is down';
    const refused = (reason: string): Answer =>
      good(0, { outcome: { kind: 'refused', status: 503, reason, message } });
    const allowances = { refusals: [/Datadog is down/] };
    expect(broken({ answers: [refused('ServiceUnavailable')] }, allowances)).to.deep.equal([]);
    expect(broken({ answers: [refused('')] }, allowances)).to.have.length(1);
  });

  it('excuse an unanswered read while the test itself had taken the replica or the API server away', () => {
    const answers = [good(2_000, { outcome: { kind: 'broken', message: 'reset' } })];
    const phases = [
      ...recording({}).phases,
      { replica: 'dca-0', atMs: startMs + 2_001, phase: 'gone' as const },
    ];
    expect(broken({ answers, phases })).to.deep.equal([]);
    const through = [good(2_000, { via: 'aggregator', outcome: { kind: 'broken', message: 'reset' } })];
    expect(broken({ answers: through, phases })).to.have.length(1);
    const outages = [{ what: 'kube-apiserver', fromMs: startMs + 1_000, untilMs: startMs + 1_500 }];
    expect(broken({ answers: through, outages })).to.deep.equal([]);
    const later = [good(4_000, { via: 'aggregator', outcome: { kind: 'broken', message: 'reset' } })];
    expect(broken({ answers: later, outages })).to.have.length(1);
  });

  it('find a query by another than the holder of the lease', () => {
    const leases = [lease('dca-0', 10, 0), lease('dca-1', 20, 5_000)];
    const asks = (replica: string, afterMs: number) => [
      traffic('dca-0', { apiRequests: leases, datadogCalls: replica === 'dca-0' ? [query(afterMs)] : [] }),
      traffic('dca-1', { datadogCalls: replica === 'dca-1' ? [query(afterMs)] : [] }),
    ];
    expect(broken({ traffic: asks('dca-0', 4_990) })).to.deep.equal([]);
    expect(broken({ traffic: asks('dca-1', 5_010) })).to.deep.equal([]);
    const rule = 'nobody asks Datadog once another replica has the lease';
    expect(broken({ traffic: asks('dca-0', 5_100) })).to.deep.equal([rule]);
    expect(broken({ traffic: asks('dca-1', 4_000) })).to.deep.equal([rule]);
  });

  it('find an accepted write by another than the holder of the lease, in the order of the API server', () => {
    const scene = (revision: number, status = 200) => [
      traffic('dca-0', {
        apiRequests: [lease('dca-0', 10, 0), lease('', 15, 3_000), write(revision, 9_000, status)],
      }),
      traffic('dca-1', { apiRequests: [lease('dca-1', 20, 5_000)] }),
    ];
    const rule = 'no write to the shared metrics lands but by the holder of the lease';
    expect(broken({ traffic: scene(12) })).to.deep.equal([]);
    expect(broken({ traffic: scene(16) })).to.deep.equal([rule]);
    expect(broken({ traffic: scene(25) })).to.deep.equal([rule]);
    expect(broken({ traffic: scene(25, 409) })).to.deep.equal([]);
  });

  it('allow, where that is said, a write that was sent in time and lands before the first of the next holder', () => {
    const sent = (revision: number, sentAfterMs: number) => ({
      ...write(revision, 9_000),
      startedAtMs: startMs + sentAfterMs,
    });
    const scene = (late: ProxiedRequest) => [
      traffic('dca-0', { apiRequests: [lease('dca-0', 10, 0), late] }),
      traffic('dca-1', { apiRequests: [lease('dca-1', 20, 5_000), write(30, 9_100)] }),
    ];
    const rule = 'no write to the shared metrics lands but by the holder of the lease';
    const allowed = { hasLateWrites: true };
    expect(broken({ traffic: scene(sent(25, 4_000)) }, allowed)).to.deep.equal([]);
    expect(broken({ traffic: scene(sent(25, 4_000)) })).to.deep.equal([rule]);
    expect(broken({ traffic: scene(sent(25, 6_000)) }, allowed), 'sent too late').to.deep.equal([rule]);
    expect(broken({ traffic: scene(sent(35, 4_000)) }, allowed), 'over the next').to.deep.equal([rule]);
  });

  it('judge the age of values by the limit that the scenario gave its replicas', () => {
    const old = { answers: [good(20_000, { outcome: { ...good().outcome } as Outcome })] };
    const rule = 'no value is older than its bound, or of the future';
    expect(broken(old)).to.deep.equal([rule]);
    expect(broken(old, { maxAgeMs: 45_000 })).to.deep.equal([]);
  });

  it('tell who held the lease from the accepted writes of all replicas', () => {
    const all = [
      traffic('dca-0', {
        apiRequests: [lease('dca-0', 9, 0), lease('dca-0', 10, 1_000), lease('', 15, 3_000)],
      }),
      traffic('dca-1', {
        apiRequests: [{ ...lease('dca-1', 12, 2_000), status: 409 }, lease('dca-1', 20, 5_000)],
      }),
    ];
    expect(tenures(all).map(({ holder, fromRevision }) => `${holder}@${fromRevision}`)).to.deep.equal([
      'dca-0@9',
      '@15',
      'dca-1@20',
    ]);
  });

  it('find a process that ended by itself, and one that ended badly when told to', () => {
    const ended = (ending: string) => ({
      phases: [{ replica: 'dca-0', atMs: startMs + 1, phase: 'gone' as const, ending }],
    });
    expect(broken(ended('exit code 0'))).to.deep.equal([]);
    expect(broken(ended('exit code 1'))).to.deep.equal(['no process ends but those that the test ends']);
  });

  it('find what is forbidden, and secrets, in the logs', () => {
    expect(broken({ traffic: [traffic('dca-0', { log: 'secrets "x" is forbidden: User' })] })).to.deep.equal([
      'nothing is forbidden by the shipped rights',
    ]);
    expect(broken({ traffic: [traffic('dca-0', { log: `key ${'b'.repeat(40)}` })] })).to.deep.equal([
      'no key and no token is in a log',
    ]);
  });
});

function metricOf(queue: string): WatchedMetric {
  const metric = watchedMetrics.find(({ tags }) => tags.includes(`queue:${queue}`));
  if (metric === undefined) throw new Error(`no watched metric has queue:${queue}`);
  return metric;
}
