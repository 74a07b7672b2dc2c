import { expect } from 'chai';
import { Listeners } from '../../../core/listeners.js';
import { fail, ok } from '../../../core/result.js';
import { counter, createRegistry, gauge, histogram } from '../../../core/telemetry.js';
import { anonymousUser, authenticatedGroup } from '../../../core/user.js';

describe('listeners', () => {
  it('are all called, in the order in which they came', () => {
    const calls: string[] = [];
    const listeners = new Listeners();
    listeners.add(() => calls.push('a'));
    listeners.add(() => calls.push('b'));
    listeners.notify();
    listeners.notify();
    expect(calls).to.deep.equal(['a', 'b', 'a', 'b']);
  });

  it('are removed one by one, even when one function was added twice', () => {
    let calls = 0;
    const listener = (): void => {
      calls += 1;
    };
    const listeners = new Listeners();
    const remove = listeners.add(listener);
    listeners.add(listener);
    listeners.notify();
    remove();
    remove();
    listeners.notify();
    expect(calls).to.equal(3);
  });

  it('may remove themselves and add others while they are called', () => {
    const calls: string[] = [];
    const listeners = new Listeners();
    const remove = listeners.add(() => {
      calls.push('once');
      remove();
      listeners.add(() => calls.push('late'));
    });
    listeners.add(() => calls.push('always'));
    listeners.notify();
    expect(calls).to.deep.equal(['once', 'always']);
    listeners.notify();
    expect(calls).to.deep.equal(['once', 'always', 'always', 'late']);
  });
});

describe('a result', () => {
  it('is a value or an error, told apart by ok', () => {
    expect(ok(5)).to.deep.equal({ ok: true, value: 5 });
    expect(fail('why')).to.deep.equal({ ok: false, error: 'why' });
    expect(ok(undefined)).to.have.property('value', undefined);
  });
});

describe('telemetry', () => {
  it('renders counters, gauges and histograms of its own registry', async () => {
    const registry = createRegistry({ withProcessMetrics: false });
    counter(registry, 'calls', 'Calls.', ['status']).inc({ status: 'success' }, 2);
    gauge(registry, 'records', 'Records.', ['valid']).set({ valid: 'true' }, 3);
    histogram(registry, 'elapsed', 'Seconds.', [], [1, 5]).observe(2);
    const text = await registry.metrics();
    expect(text).to.contain('# HELP calls Calls.');
    expect(text).to.contain('calls{status="success"} 2');
    expect(text).to.contain('records{valid="true"} 3');
    expect(text).to.contain('elapsed_bucket{le="1"} 0');
    expect(text).to.contain('elapsed_bucket{le="5"} 1');
  });

  it('keeps two registries apart, and adds the metrics of the process only on wish', async () => {
    const [bare, full] = [
      createRegistry({ withProcessMetrics: false }),
      createRegistry({ withProcessMetrics: true }),
    ];
    counter(bare, 'calls', 'Calls.', []);
    counter(full, 'calls', 'Calls.', []);
    expect(await bare.metrics()).to.not.contain('process_');
    expect(await full.metrics()).to.contain('process_cpu_seconds_total');
  });
});

describe('users', () => {
  it('name the anonymous one and the group of the known ones as Kubernetes does', () => {
    expect(anonymousUser).to.deep.equal({
      name: 'system:anonymous',
      uid: undefined,
      groups: ['system:unauthenticated'],
      extra: {},
    });
    expect(authenticatedGroup).to.equal('system:authenticated');
  });
});
