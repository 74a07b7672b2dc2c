import { expect } from 'chai';
import fc from 'fast-check';
import { Problems } from '../../../kube/problems.js';
import { Relay } from '../../../kube/relay.js';
import type { Slimmed, WatchEvent } from '../../../kube/view.js';

const thing = (key: string, item: number | undefined): Slimmed<number> => ({ key, item });
const put = (key: string, item: number | undefined): WatchEvent<number> => ({
  kind: 'put',
  slimmed: thing(key, item),
  revision: undefined,
});
const remove = (key: string): WatchEvent<number> => ({ kind: 'delete', key, revision: undefined });

function scene() {
  const held = new Map<string, number>();
  const calls: string[] = [];
  const relay = new Relay<number>({
    recipient: {
      put: (key, item) => {
        calls.push(`put ${key} ${item}`);
        const hasChanged = held.get(key) !== item;
        held.set(key, item);
        return hasChanged;
      },
      remove: (key) => {
        calls.push(`remove ${key}`);
        return held.delete(key);
      },
    },
  });
  const list = (...pages: readonly (readonly Slimmed<number>[])[]): boolean => {
    relay.begin();
    for (const page of pages) relay.list(page);
    return relay.complete();
  };
  return { relay, held, calls, list };
}

describe('Relay', () => {
  it('passes pages on as they come, and takes away at the end what they did not bring', () => {
    const { relay, held, list } = scene();
    list([thing('a', 1), thing('b', 2)]);
    relay.begin();
    relay.list([thing('b', 3)]);
    expect(Object.fromEntries(held)).to.deep.equal({ a: 1, b: 3 });
    relay.list([thing('c', 4)]);
    expect(relay.complete()).to.equal(true);
    expect(Object.fromEntries(held)).to.deep.equal({ b: 3, c: 4 });
  });

  it('takes nothing away because of a list that never became complete', () => {
    const { relay, held, list } = scene();
    list([thing('a', 1), thing('b', 2)]);
    relay.begin();
    relay.list([thing('a', 9)]);
    expect(list([thing('a', 9), thing('b', 2)])).to.equal(true, 'the abandoned list has changed a');
    expect(Object.fromEntries(held)).to.deep.equal({ a: 9, b: 2 });
    expect(list([thing('a', 9), thing('b', 2)])).to.equal(false);
  });

  it('says whether events have changed anything', () => {
    const { relay, calls, list } = scene();
    list([thing('a', 1)]);
    expect(relay.apply([put('a', 1), remove('never-seen')])).to.equal(false);
    expect(relay.apply([put('a', 2), put('a', undefined)])).to.equal(true);
    expect(calls).to.deep.equal(['put a 1', 'put a 1', 'put a 2', 'remove a']);
  });

  it('leaves its recipient with what a plain map would hold, for any lists and events', () => {
    const anyThing = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom(1, 2, undefined));
    const anyStep = fc.oneof(
      fc.array(anyThing, { maxLength: 4 }).map((things) => ({ kind: 'list' as const, things })),
      fc.array(anyThing, { maxLength: 4 }).map((things) => ({ kind: 'events' as const, things })),
    );
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 8 }), (steps) => {
        const { relay, held, list } = scene();
        const model = new Map<string, number>();
        for (const { kind, things } of steps) {
          if (kind === 'list') model.clear();
          for (const [key, item] of things) {
            if (item === undefined) model.delete(key);
            else model.set(key, item);
          }
          const last = new Map(things);
          if (kind === 'list') list([...last].map(([key, item]) => thing(key, item)));
          else relay.apply(things.map(([key, item]) => put(key, item)));
        }
        expect(Object.fromEntries(held)).to.deep.equal(Object.fromEntries(model));
      }),
    );
  });
});

describe('Problems', () => {
  const bad = (key: string, problem: string): Slimmed<number> => ({ key, item: undefined, problem });

  function told() {
    const lines: string[] = [];
    const problems = new Problems({ tell: (key, problem) => lines.push(`${key}: ${problem}`) });
    const list = (...page: readonly Slimmed<number>[]): void => {
      problems.begin();
      problems.list(page);
      problems.complete();
    };
    return { lines, problems, list };
  }

  it('tells each once, and again when it becomes another one', () => {
    const { lines, problems, list } = told();
    list(bad('a', 'no size'), thing('b', 1));
    list(bad('a', 'no size'));
    problems.apply([{ kind: 'put', slimmed: bad('a', 'bad size'), revision: '7' }]);
    expect(lines).to.deep.equal(['a: no size', 'a: bad size']);
  });

  it('tells it again after the object was well, deleted, or missing from a list', () => {
    const { lines, problems, list } = told();
    list(bad('a', 'x'));
    list(thing('a', 1));
    list(bad('a', 'x'));
    problems.apply([remove('a')]);
    list(bad('a', 'x'));
    list();
    list(bad('a', 'x'));
    expect(lines).to.have.length(4);
  });
});
