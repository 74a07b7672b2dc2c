import { expect } from 'chai';
import fc from 'fast-check';
import { columns, type Paint } from '../../../../cmdapi/status/layout.js';
import type { StatusReport } from '../../../../cmdapi/status/report.js';
import { statusText } from '../../../../cmdapi/status/text.js';
import { leaderText } from './leader-text.js';
import { sampleReport } from './sample-report.js';

function textOf(differences: Partial<StatusReport>): string {
  return statusText({ ...sampleReport, ...differences });
}

/** What stands under a heading, up to the next one. */
function section(text: string, title: string): string {
  const lines = text.split('\n');
  const start = lines.findIndex((line, index) => line === title && /^=+$/.test(lines[index + 1] ?? ''));
  const end = lines.findIndex((line, index) => index > start + 1 && /^=+$/.test(line)) - 1;
  return lines
    .slice(start + 2, end > 0 ? end : undefined)
    .join('\n')
    .trimEnd();
}

const metrics = sampleReport.externalMetrics;
if ('unavailable' in metrics) throw new Error('the sample tells of metrics');

describe('the text of the status', () => {
  it('of a leader that is well has every section, in the layout of the original', () => {
    expect(statusText(sampleReport)).to.equal(leaderText);
  });

  it('names another leader, and what it shares', () => {
    const text = textOf({
      leader: {
        who: 'other',
        name: 'dca-1',
        sinceMs: Number.NaN,
        renewedAtMs: Date.parse('2026-03-04T05:06:02Z'),
        transitions: 3,
        isElected: true,
      },
      externalMetrics: { ...metrics, refresh: null, rateLimit: null },
      store: { configMaps: [], bytes: 0, unchangedSeconds: 4, lagSeconds: 0.25, silentSeconds: 1 },
    });
    expect(section(text, 'Leader Election')).to.equal(
      `  Leader Election Status: Running
  Leader Name is: dca-1
  Leading since: no date
  Last renewed: 2026-03-04T05:06:02Z (5 s ago)
  Transitions: 3`,
    );
    expect(text).to.contain('The leader asks Datadog; this replica serves what the leader shares');
    expect(text).to.contain('Lag behind the leader: 250 ms').and.contain('The leader knows');
  });

  it('says that there is no leader, and that nothing is elected', () => {
    const unknown = textOf({ leader: { who: 'unknown', isElected: true } });
    expect(unknown).to.contain('Leader Name is: not known; see kubectl get lease');
    const lone = textOf({
      leader: { who: 'me', sinceMs: 0, renewedAtMs: 0, transitions: 0, isElected: false },
    });
    expect(lone).to.contain('Leader Election Status: disabled; this replica always leads');
  });

  it('says which keys are missing, wrong, or not judged, and why', () => {
    const key = { kind: 'API key', purpose: 'queries', checkedAt: null, detail: null } as const;
    const text = textOf({
      keys: [
        { ...key, shown: null, verdict: 'unknown' },
        { ...key, shown: '********bcdef', verdict: 'invalid', detail: '403 Forbidden' },
        { ...key, kind: 'application key', shown: '********', verdict: 'unknown' },
      ],
    });
    expect(section(text, 'API Keys status')).to.equal(`  API key for queries: not set
  API key for queries ending with bcdef: API Key invalid
    not checked yet
    403 Forbidden
  application key for queries, too short to show any of it: not known whether valid
    not checked yet`);
    expect(textOf({ keys: [] })).to.contain('none is used');
  });

  it('says that nothing was ever refreshed, and that there is no certificate', () => {
    const text = textOf({ externalMetrics: { ...metrics, port: null, refresh: null, certificate: null } });
    expect(text).to.contain('Never refreshed: no refresh has ended yet');
    expect(text).to.contain('there is none yet').and.contain('Port: not listening');
  });

  it('says who else answers external metrics, and what the cluster says of it', () => {
    const apiService = {
      ...metrics.apiService,
      available: 'False',
      reason: 'FailedDiscoveryCheck',
      message: 'no answer',
      service: 'keda/keda',
      isOurs: false,
      problem: 'it cannot be read: forbidden',
    } as const;
    const text = textOf({ externalMetrics: { ...metrics, apiService } });
    expect(text).to.contain('Available: False (FailedDiscoveryCheck: no answer)');
    expect(text).to.contain('Service: keda/keda: not ours! Another server answers external metrics');
    expect(text).to.contain('Error: it cannot be read: forbidden');
  });

  it('counts what has no value by reason, and what is served in spite of an outage', () => {
    const counts = { ...metrics.metrics, wanted: 9, valid: 3, pending: 0, invalid: 0, troubled: 3 };
    const text = textOf({ externalMetrics: { ...metrics, metrics: counts } });
    expect(text).to.contain('Served with their last value, as Datadog could not be asked: 3');
    expect(text).to.not.contain('Not asked yet').and.not.contain('Invalid:');
  });

  it('puts why a part cannot be told in its place', () => {
    const unavailable = { unavailable: 'turned off (DD_SETTING)' };
    const text = textOf({
      keys: unavailable,
      externalMetrics: unavailable,
      store: unavailable,
      reflectors: unavailable,
      metadata: unavailable,
      events: unavailable,
      controlPlane: unavailable,
      listeners: unavailable,
      recentLog: unavailable,
    });
    for (const title of ['Custom Metrics Server', 'Store', 'Events', 'Service Checks', 'Listeners'])
      expect(section(text, title), title).to.equal('  turned off (DD_SETTING)');
  });

  it('shows the other parts when one is of another version', () => {
    const text = textOf({ store: {} as never, clocks: undefined as never });
    expect(section(text, 'Store')).to.match(/^ {2}This part cannot be shown: TypeError/);
    expect(section(text, 'Hostnames')).to.contain('host.example');
  });

  it('names what is stale, unwell, or told by no one', () => {
    const text = textOf({
      health: {
        live: { Healthy: [], Unhealthy: [], Details: {} },
        ready: { Healthy: [], Unhealthy: ['replicator'], Details: { replicator: 'unready: no word' } },
      },
      reflectors: [
        { name: 'nodes', objects: 3, silentSeconds: 300, isStale: true },
        { name: 'namespaces', objects: null, silentSeconds: null, isStale: false },
      ],
      clocks: {
        ...sampleReport.clocks,
        aheadOfDatadogSeconds: 90,
        aheadOfClusterSeconds: -7,
        trouble: 'set it',
      },
    });
    expect(text).to.contain('Ready: no (replicator)\n  Live: yes\n    replicator: unready: no word');
    expect(section(text, 'Reflectors')).to.equal(
      '  nodes: 3 objects, last heard of 5 min 0 s ago [STALE since 2026-03-04T05:01:07Z]\n  namespaces: never heard of',
    );
    expect(section(text, 'Clocks')).to.contain("Datadog's clock: 1 min 30 s behind ours");
    expect(section(text, 'Clocks')).to.contain("API server's clock: 7 s ahead of ours");
    const unheard = { ...sampleReport.clocks, aheadOfDatadogSeconds: null };
    expect(textOf({ clocks: unheard })).to.contain("Datadog's clock: not heard yet");
  });

  it('never has a line over 100 columns, nor a control character, whatever it is told', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), fc.nat(1e9), (word, count) => {
        const text = textOf({
          pod: word,
          commit: word.repeat(3),
          keys: [
            {
              kind: 'API key',
              purpose: word,
              shown: word,
              verdict: 'invalid',
              detail: word,
              checkedAt: word,
            },
          ],
          listeners: [{ name: `${' '.repeat(300)}${word}`, port: count, connections: count }],
          recentLog: [{ time: word, level: 'error', message: word, fields: `${word}${'x'.repeat(900)}` }],
        });
        const lines = text.split('\n');
        expect(Math.max(...lines.map(({ length }) => length))).to.be.at.most(columns);
        expect(lines.join('')).to.match(/^[^\p{Cc}\p{Cf}]*$/u);
      }),
      { numRuns: 200 },
    );
  });

  it('is the same with colours, but for the colours', () => {
    const paint: Paint = (tone, text) => (tone === 'plain' ? text : `<${tone}>${text}</>`);
    const painted = statusText(sampleReport, paint);
    expect(painted).to.contain('<title>Leader Election</>').and.contain('<good>');
    expect(painted.replaceAll(/<\/?[a-z]*>/g, '')).to.equal(leaderText);
  });
});
