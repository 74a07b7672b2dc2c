import { expect } from 'chai';
import { type Component, supervise } from '../../../core/component.js';
import type { Logger } from '../../../core/log.js';
import { settle } from '../../fake-clock.js';

describe('supervision', () => {
  interface Part extends Component {
    state: 'idle' | 'running' | 'ended';
  }

  function whenAborted(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  function part(name: string, life: (signal: AbortSignal) => Promise<void> = whenAborted): Part {
    const own: Part = {
      name,
      state: 'idle',
      health: () => ({ state: 'ready' }),
      run: async (signal) => {
        own.state = 'running';
        try {
          await life(signal);
        } finally {
          own.state = 'ended';
        }
      },
    };
    return own;
  }

  function scene(...parts: Component[]) {
    const errors: object[] = [];
    const log: Logger = {
      debug: () => {},
      info: () => {},
      warn: () => {},
      error: (fields) => errors.push(fields),
      child: () => log,
    };
    const stop = new AbortController();
    return { stop, errors, ended: supervise(parts, log, stop.signal) };
  }

  it('runs all parts until told to stop, waits for each, and reports no failure', async () => {
    let release = (): void => {};
    const slow = part('slow', async (signal) => {
      await whenAborted(signal);
      await new Promise<void>((resolve) => {
        release = resolve;
      });
    });
    const quick = part('quick');
    const { stop, errors, ended } = scene(quick, slow);
    await settle();
    expect([quick.state, slow.state]).to.deep.equal(['running', 'running']);
    let isOver = false;
    void ended.then(() => {
      isOver = true;
    });
    stop.abort();
    await settle();
    expect([quick.state, slow.state, isOver]).to.deep.equal(['ended', 'running', false]);
    release();
    expect(await ended).to.equal(undefined);
    expect(errors).to.deep.equal([]);
  });

  it('stops the others when one fails, and answers its error', async () => {
    const bug = new Error('bug');
    const other = part('other');
    const { errors, ended } = scene(
      other,
      part('broken', () => Promise.reject(bug)),
    );
    expect(await ended).to.equal(bug);
    expect(other.state).to.equal('ended');
    expect(errors).to.deep.equal([{ component: 'broken', err: bug }]);
  });

  it('takes a part that ends by itself for one that failed', async () => {
    const other = part('other');
    const { ended } = scene(
      other,
      part('short', async () => {}),
    );
    expect((await ended)?.message).to.equal('component short ended by itself');
    expect(other.state).to.equal('ended');
  });

  it('answers the first failure when stopping makes others fail', async () => {
    const first = new Error('first');
    const { errors, ended } = scene(
      part('first', () => Promise.reject(first)),
      part('second', async (signal) => {
        await whenAborted(signal);
        throw new Error('second');
      }),
    );
    expect(await ended).to.equal(first);
    expect(errors).to.have.length(2);
  });

  it('catches a part that throws before it waits, and one that throws no error', async () => {
    const thrower: Component = {
      name: 'thrower',
      health: () => ({ state: 'ready' }),
      run: () => {
        throw new RangeError('at once');
      },
    };
    expect((await scene(thrower).ended)?.message).to.equal('at once');
    expect((await scene(part('odd', () => Promise.reject('text'))).ended)?.message).to.equal('text');
  });

  it('starts nothing that outlives a signal which has aborted already', async () => {
    const stop = new AbortController();
    stop.abort();
    const one = part('one');
    expect(
      await supervise(
        [one],
        { debug() {}, info() {}, warn() {}, error() {}, child: () => expect.fail() },
        stop.signal,
      ),
    ).to.equal(undefined);
    expect(one.state).to.equal('ended');
  });
});
