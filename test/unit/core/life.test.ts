import { expect } from 'chai';
import type { Component } from '../../../core/component.js';
import { type Group, runLife } from '../../../core/life.js';
import { silentLog } from '../../../core/log.js';
import { settle } from '../../fake-clock.js';

describe('the life of a replica', () => {
  /** Parts that write down when they begin and end; `slow` ones end when told. */
  function scene() {
    const events: string[] = [];
    const releases = new Map<string, () => void>();
    const failures = new Map<string, (error: Error) => void>();
    const part = (name: string, { isSlow = false } = {}): Component => ({
      name,
      health: () => ({ state: 'ready' }),
      run: async (signal) => {
        events.push(`${name} begins`);
        await new Promise<void>((resolve, reject) => {
          failures.set(name, reject);
          if (signal.aborted) resolve();
          else signal.addEventListener('abort', () => resolve(), { once: true });
        });
        if (isSlow) await new Promise<void>((resolve) => releases.set(name, resolve));
        events.push(`${name} ends`);
      },
    });
    const stop = new AbortController();
    const run = (first: readonly Group[], last: readonly Component[]) =>
      runLife({ first, last }, silentLog, stop.signal);
    return {
      events,
      part,
      run,
      stop,
      release: (name: string) => releases.get(name)?.(),
      fail: (name: string) => failures.get(name)?.(new Error(`${name} broke`)),
    };
  }

  it('begins with all parts at once and ends what requests stand on last', async () => {
    const { events, part, run, stop } = scene();
    const done = run(
      [{ components: [part('refresher')] }, { components: [part('server')] }],
      [part('watch')],
    );
    await settle();
    expect(events).to.have.members(['refresher begins', 'server begins', 'watch begins']);
    stop.abort();
    expect(await done).to.equal(undefined);
    expect(events.at(-1)).to.equal('watch ends');
  });

  it('gives leadership up as soon as leading has ended, while another group still answers', async () => {
    const { events, part, run, stop, release } = scene();
    const leading: Group = {
      components: [part('refresher'), part('election')],
      afterwards: async () => void events.push('released'),
    };
    const done = run([leading, { components: [part('server', { isSlow: true })] }], [part('watch')]);
    await settle();
    stop.abort();
    await settle();
    expect(events.slice(4)).to.deep.equal(['refresher ends', 'election ends', 'released']);
    release('server');
    await done;
    expect(events.slice(7)).to.deep.equal(['server ends', 'watch ends']);
  });

  it('does not give leadership up before the last leading part has ended', async () => {
    const { events, part, run, stop, release } = scene();
    const leading: Group = {
      components: [part('refresher', { isSlow: true }), part('election')],
      afterwards: async () => void events.push('released'),
    };
    const done = run([leading], []);
    await settle();
    stop.abort();
    await settle();
    expect(events).to.not.include('released');
    release('refresher');
    await done;
    expect(events.at(-1)).to.equal('released');
  });

  for (const broken of ['refresher', 'server', 'watch']) {
    it(`stops everything in order when ${broken} fails, and answers its error`, async () => {
      const { events, part, run, fail } = scene();
      const leading: Group = {
        components: [part('refresher')],
        afterwards: async () => void events.push('released'),
      };
      const done = run([leading, { components: [part('server')] }], [part('watch'), part('probes')]);
      await settle();
      fail(broken);
      expect((await done)?.message).to.equal(`${broken} broke`);
      const ended = ['refresher', 'server', 'watch', 'probes'].filter((name) => name !== broken);
      expect(events).to.include.members([...ended.map((name) => `${name} ends`), 'released']);
      if (broken !== 'watch') expect(events.indexOf('probes ends')).to.be.above(events.indexOf('released'));
    });
  }
});
