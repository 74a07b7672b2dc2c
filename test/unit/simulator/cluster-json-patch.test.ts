import { expect } from 'chai';
import { ApiError } from '../../../simulator/cluster/api-error.js';
import { jsonPatch, mergePatch } from '../../../simulator/cluster/json-patch.js';

function codeOf(act: () => unknown): number {
  try {
    act();
  } catch (error: unknown) {
    if (error instanceof ApiError) return error.status.code;
    throw error;
  }
  return 0;
}

describe('a merge patch', () => {
  it('merges objects, removes nulls and replaces the rest', () => {
    const target = { a: { b: 1, c: 2 }, list: [1, 2], gone: true };
    expect(mergePatch(target, { a: { b: null, d: 3 }, list: [3], gone: null })).to.deep.equal({
      a: { c: 2, d: 3 },
      list: [3],
    });
    expect(target).to.deep.equal({ a: { b: 1, c: 2 }, list: [1, 2], gone: true });
  });

  it('drops nulls inside what it adds', () => {
    expect(mergePatch({}, { a: { b: null, c: 1 } })).to.deep.equal({ a: { c: 1 } });
  });
});

describe('a JSON patch', () => {
  const target = { a: { 'x/y': 1, 'm~n': 2 }, list: ['p', 'q'] };

  it('adds, removes, replaces, moves and copies', () => {
    const patched = jsonPatch(target, [
      { op: 'test', path: '/a/x~1y', value: 1 },
      { op: 'replace', path: '/a/x~1y', value: 5 },
      { op: 'remove', path: '/a/m~0n' },
      { op: 'add', path: '/list/1', value: 'between' },
      { op: 'add', path: '/list/-', value: 'last' },
      { op: 'move', from: '/list/0', path: '/first' },
      { op: 'copy', from: '/a', path: '/b' },
    ]);
    expect(patched).to.deep.equal({
      a: { 'x/y': 5 },
      list: ['between', 'q', 'last'],
      first: 'p',
      b: { 'x/y': 5 },
    });
    expect(target.list).to.deep.equal(['p', 'q']);
  });

  it('is refused whole when a test fails', () => {
    expect(codeOf(() => jsonPatch(target, [{ op: 'test', path: '/list/0', value: 'z' }]))).to.equal(422);
    expect(codeOf(() => jsonPatch(target, [{ op: 'test', path: '/absent', value: 1 }]))).to.equal(422);
  });

  it('takes an absent member for null in a test', () => {
    expect(jsonPatch(target, [{ op: 'test', path: '/absent', value: null }])).to.deep.equal(target);
  });

  const impossible = [
    { op: 'remove', path: '/absent' },
    { op: 'replace', path: '/absent', value: 1 },
    { op: 'add', path: '/absent/deep', value: 1 },
    { op: 'add', path: '/list/7', value: 1 },
    { op: 'add', path: '/list/01', value: 1 },
    { op: 'add', path: 'list', value: 1 },
    { op: 'add', path: '/__proto__/polluted', value: 1 },
  ];
  for (const operation of impossible) {
    it(`refuses to ${operation.op} ${operation.path}`, () => {
      expect(codeOf(() => jsonPatch(target, [operation]))).to.equal(422);
    });
  }

  it('is a 400 when it is no patch', () => {
    expect(codeOf(() => jsonPatch(target, { op: 'add' }))).to.equal(400);
    expect(codeOf(() => jsonPatch(target, [{ op: 'jump', path: '/a' }]))).to.equal(400);
    expect(codeOf(() => jsonPatch(target, ['x']))).to.equal(400);
  });
});
