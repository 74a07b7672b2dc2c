import { expect } from 'chai';
import type { ComponentState } from '../../../controlplane/judge.js';
import { type KnownComponent, remember, toMessage } from '../../../controlplane/roster.js';

const startMs = Date.UTC(2026, 0, 1);
const state = (name: string, status: ComponentState['status'] = 'ok', message = 'ok'): ComponentState => ({
  name,
  status,
  message,
});
const at = (ms: number) => ({ wallMs: startMs + ms, monotonicMs: ms });
/** Looks one after the other: when, and what each told of. */
const afterLooks = (
  ...looks: readonly (readonly [number, readonly ComponentState[]])[]
): readonly KnownComponent[] =>
  looks.reduce<readonly KnownComponent[]>(
    (known, [ms, states]) => remember(known, { states, absence: 'no longer listed' }, at(ms)),
    [],
  );
const shown = (known: readonly KnownComponent[]) =>
  known.map(({ name, status, message, sinceMs }) => [name, status, message, sinceMs - startMs]);

const dayMs = 24 * 3_600_000;

describe('remember', () => {
  it('counts from when a status began, whatever the message', () => {
    expect(
      shown(
        afterLooks(
          [0, [state('scheduler')]],
          [1_000, [state('scheduler', 'critical', 'refused')]],
          [2_000, [state('scheduler', 'critical', 'timed out')]],
        ),
      ),
    ).to.deep.equal([['scheduler', 'critical', 'timed out', 1_000]]);
  });

  it('reports as unknown what is gone, since when it is', () => {
    const gone = 'since 2026-01-01T00:00:15.000Z no longer listed';
    const looks = [
      [0, [state('etcd-0'), state('etcd-1')]],
      [15_000, [state('etcd-0')]],
    ] as const;
    expect(shown(afterLooks(...looks))).to.deep.equal([
      ['etcd-0', 'ok', 'ok', 0],
      ['etcd-1', 'unknown', gone, 15_000],
    ]);
    expect(shown(afterLooks(...looks, [30_000, []]))).to.deep.equal([
      ['etcd-0', 'unknown', 'since 2026-01-01T00:00:30.000Z no longer listed', 30_000],
      ['etcd-1', 'unknown', gone, 15_000],
    ]);
  });

  it('takes what has come back as it is, and begins anew when it goes again', () => {
    const known = afterLooks(
      [0, [state('scheduler')]],
      [1_000, []],
      [2_000, [state('scheduler')]],
      [3_000, []],
      [4_000, []],
    );
    expect(shown(known)).to.deep.equal([
      ['scheduler', 'unknown', 'since 2026-01-01T00:00:03.000Z no longer listed', 3_000],
    ]);
  });

  it('forgets after a day what is gone, and not what is there', () => {
    const looks = [[0, [state('scheduler'), state('etcd-0')]]] as const;
    expect(afterLooks(...looks, [dayMs, [state('etcd-0')]]).map(({ name }) => name)).to.deep.equal([
      'etcd-0',
      'scheduler',
    ]);
    expect(afterLooks(...looks, [dayMs + 1, [state('etcd-0')]]).map(({ name }) => name)).to.deep.equal([
      'etcd-0',
    ]);
  });

  it('knows at most 100, those of the last look first, then those that went last', () => {
    const many = (prefix: string, count: number): readonly ComponentState[] =>
      Array.from({ length: count }, (_, index) => state(`${prefix}${index}`));
    const known = afterLooks([0, many('old', 60)], [1_000, many('older-', 10)], [2_000, many('new', 60)]);
    expect(known).to.have.length(100);
    expect(
      known.slice(0, 60).every(({ status, name }) => status === 'ok' && name.startsWith('new')),
    ).to.equal(true);
    expect(known.slice(60, 70).map(({ name }) => name)).to.deep.equal(
      many('older-', 10).map(({ name }) => name),
    );
    expect(afterLooks([0, many('new', 300)])).to.have.length(100);
  });

  it('takes the last of two of one name', () => {
    expect(shown(afterLooks([0, [state('x'), state('x', 'critical', 'no')]]))).to.deep.equal([
      ['x', 'critical', 'no', 0],
    ]);
  });
});

describe('toMessage', () => {
  it('is one line without control characters', () => {
    expect(toMessage(' Get "https://127.0.0.1":\n\tdial\u0000 tcp\u001b[31m \u0085refused\r\n')).to.equal(
      'Get "https://127.0.0.1": dial tcp [31m refused',
    );
  });

  it('is at most 500 characters long, and cuts no character in two', () => {
    expect(toMessage('x'.repeat(500))).to.equal('x'.repeat(500));
    expect(toMessage('x'.repeat(501))).to.equal(`${'x'.repeat(499)}…`);
    expect(toMessage(`${'x'.repeat(498)}😀y`)).to.equal(`${'x'.repeat(498)}…`);
  });
});
