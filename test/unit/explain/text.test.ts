import { expect } from 'chai';
import { toReport } from '../../../explain/report.js';
import { reportText } from '../../../explain/text.js';
import { wrap } from '../../../explain/wrap.js';
import { condition, metric, nowMs, saying, shared } from './scene.js';
import { cases } from './verdicts.js';

const follower = { leader: { who: 'other', name: 'dca-1', silence: undefined } } as const;

describe('a report as text', () => {
  it('shows the whole road on one screen', () => {
    expect(reportText(toReport(shared(), [metric()]))).to.equal(`\
HPA shop/worker: 1 external metric
==================================
said by       dca-0, which leads, at 2026-01-01 12:00:30 UTC
APIService    leads to datadog/datadog-custom-metrics-server; Available True Passed: all checks
              passed
HPA           6 replicas, 6 desired, min 1, max 20
              AbleToScale True ReadyForNewScale: recommended size matches current size
              ScalingActive True ValidMetricFound: a replica count was calculated
              ScalingLimited False DesiredWithinRange: within the acceptable range

--- 1 of 1: queue.depth
spec          queue.depth, selector queue in (jobs,mail); target AverageValue 10; the HPA last saw
              10
key           shop/queue.depth?queue in (jobs,mail)
query         avg:queue.depth{queue IN (jobs,mail)}.rollup(30)
last call     12:00:25 (5 s ago), answered after 82 ms, in a batch of 35
points        11:59:10 58 | 11:59:40 null | 12:00:10 60 <= taken | 12:00:40 31
              the last of 10 in the window; taken: of those with a value the newest but one, the
              newest complete one
record        valid: 60 of 12:00:10, 20 s old, at most 120 s
answered      dca-0: 200 to system:serviceaccount:kube-system:horizontal-pod-autoscaler 3 s ago
formula       60 / (10 × 6 replicas) = 1, within 0.9 to 1.1: stays at 6; with min 1 and max 20: 6
VERDICT       well: All is well: the HPA wants 6 replicas.
REMEDY        Nothing to do.
`);
  });

  it('shows of a follower how far it lags, and what its leader did', () => {
    const { here } = metric();
    const record = {
      state: 'valid',
      point: { value: 58, observedAtMs: nowMs - 80_000 },
      ageMs: 80_000,
    } as const;
    const text = reportText(toReport(shared(follower), [metric({ here: { record }, atLeader: here })]));
    expect(text)
      .to.contain('said by       dca-0, which follows dca-1, whose last change came 1 s ago, at 2026')
      .and.contain('last call     12:00:25 (5 s ago), answered after 82 ms, in a batch of 35')
      .and.contain('at leader     60, by 60 s newer')
      .and.contain('answered      dca-1: 200 to system:serviceaccount:kube-system:horizontal-pod-autoscaler');
  });

  it('says what a silent leader leaves untold', () => {
    const silent = { leader: { who: 'other', name: 'dca-1', silence: 'connect ECONNREFUSED' } } as const;
    const text = reportText(toReport(shared(silent), [metric({ here: {} })]));
    expect(text)
      .to.contain('the leader could not be asked: connect ECONNREFUSED')
      .and.contain('last call     not known: only the leader makes calls, and it was not asked')
      .and.not.contain('points');
  });

  it('shows a failed call, an empty answer and what Datadog says now', () => {
    const fault = { code: 'datadog.unreachable', message: 'h answered 503' };
    const call = { atMs: nowMs - 1_000, tookMs: 1_500, batchSize: 1, fault };
    const here = { call, points: { series: 0, count: 0, points: [] } };
    const fresh = { state: 'none', reason: 'no_series', detail: 'nothing reports it' } as const;
    const text = reportText(toReport(shared(), [metric({ here, fresh })]));
    expect(text)
      .to.contain('last call     12:00:29 (1 s ago), failed after 2 s, alone: h answered 503')
      .and.contain('points        none (0 series)')
      .and.contain('asked now     no_series: nothing reports it');
  });

  it('keeps to 100 columns whatever the verdict, in texts of any length', () => {
    const long = 'x'.repeat(300);
    const reports = [
      ...Object.values(cases).map(({ shared: facts, metric: one }) => toReport(facts, one ? [one] : [])),
      toReport(shared(saying(condition('ScalingActive', 'False', long, `${long} ${long}`))), [
        metric({ name: long, asked: { kind: 'query', id: long, query: `avg:${long}{*}` } }),
        metric(),
      ]),
    ];
    for (const report of reports)
      for (const line of reportText(report).split('\n')) expect(line.length, line).to.be.at.most(100);
  });

  it('lets no control character through to a terminal', () => {
    const name = 'a\u001b[31mb\u202ec\r\n';
    const text = reportText(toReport(shared({ clock: name }), [metric({ name, selector: name })]));
    expect(text.replaceAll('\n', '')).to.match(/^[^\p{Cc}\p{Cf}]*$/u);
  });
});

describe('the breaking of lines', () => {
  it('breaks at blanks, and inside of a word only where it is longer than a line', () => {
    expect(wrap('ab cd efghijk l', 5)).to.deep.equal(['ab cd', 'efghi', 'jk l']);
    expect(wrap('', 5)).to.deep.equal([]);
  });
});
