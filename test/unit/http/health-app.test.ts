import { expect } from 'chai';
import type { Health } from '../../../core/component.js';
import { type HealthCheck, type Probe, probeOf, reportHealth } from '../../../http/health-app.js';

const check = (name: string, health: Health): HealthCheck => ({ name, health: () => health });

const one: Readonly<Record<Health['state'], HealthCheck>> = {
  ready: check('part', { state: 'ready' }),
  starting: check('part', { state: 'starting', detail: 'waits' }),
  degraded: check('part', { state: 'degraded', detail: 'limps' }),
  unready: check('part', { state: 'unready', detail: 'stopping' }),
  stuck: check('part', { state: 'stuck', detail: 'no tick' }),
};

describe('probeOf', () => {
  it('knows the paths of the original and of Kubernetes, and takes any other for live', () => {
    const asked = ['/live', '/livez', '/ready', '/readyz', '/startup', '/', '/healthz', '/nonsense'].map(
      probeOf,
    );
    expect(asked).to.deep.equal(['live', 'live', 'ready', 'ready', 'startup', 'live', 'live', 'live']);
  });
});

describe('reportHealth', () => {
  const expected: Readonly<Record<Health['state'], readonly Probe[]>> = {
    ready: ['live', 'ready', 'startup'],
    degraded: ['live', 'ready', 'startup'],
    starting: ['live'],
    unready: ['live', 'startup'],
    stuck: [],
  };

  for (const state of ['ready', 'degraded', 'starting', 'unready', 'stuck'] as const) {
    it(`passes ${expected[state].join(', ') || 'nothing'} when a component is ${state}`, () => {
      const passing = (['live', 'ready', 'startup'] as const).filter(
        (probe) => reportHealth(probe, [one[state]]).Unhealthy.length === 0,
      );
      expect(passing).to.deep.equal(expected[state]);
    });
  }

  it('lists names on the side where they belong, with the details of all that is not simply ready', () => {
    const checks = [
      check('refresher', { state: 'ready' }),
      check('certificate', { state: 'degraded', detail: 'no APIService' }),
      check('autoscalers', { state: 'starting', detail: 'first list' }),
    ];
    expect(reportHealth('ready', checks)).to.deep.equal({
      Healthy: ['refresher', 'certificate'],
      Unhealthy: ['autoscalers'],
      Details: { certificate: 'degraded: no APIService', autoscalers: 'starting: first list' },
    });
  });

  it('takes a component that throws for stuck', () => {
    const broken: HealthCheck = {
      name: 'part',
      health: () => {
        throw new Error('bug');
      },
    };
    expect(reportHealth('live', [broken]).Unhealthy).to.deep.equal(['part']);
  });
});
