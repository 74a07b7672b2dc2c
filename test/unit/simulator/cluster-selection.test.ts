import { expect } from 'chai';
import { ApiError } from '../../../simulator/cluster/api-error.js';
import { type Kind, servedKinds } from '../../../simulator/cluster/kinds.js';
import type { KubeObject } from '../../../simulator/cluster/object.js';
import { toChoice } from '../../../simulator/cluster/selection.js';

function kindOf(resource: string): Kind {
  const kind = servedKinds('v2').find((one) => one.resource === resource);
  if (kind === undefined) throw new Error(`no ${resource}`);
  return kind;
}

function pod(name: string, labels: Record<string, string>): KubeObject {
  const metadata = { name, namespace: 'ns', labels, uid: 'u', resourceVersion: '1', creationTimestamp: '' };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { nodeName: 'n1' }, status: { phase: 'Running' } };
}

const pods = [pod('a', { app: 'web', size: '5' }), pod('b', { app: 'db' }), pod('c', {})];

function chosen(selection: {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly namespace?: string;
}): string {
  const choice = toChoice(kindOf('pods'), {
    namespace: '',
    labelSelector: '',
    fieldSelector: '',
    ...selection,
  });
  return pods
    .filter(choice)
    .map((object) => object.metadata.name)
    .join('');
}

describe('selectors of lists and watches', () => {
  const labels: readonly (readonly [string, string])[] = [
    ['app=web', 'a'],
    ['app!=web', 'bc'],
    ['app in (web,db)', 'ab'],
    ['app notin (web)', 'bc'],
    ['app', 'ab'],
    ['!app', 'c'],
    ['size>4', 'a'],
    ['size<4', ''],
    ['app=web,!size', ''],
  ];
  for (const [labelSelector, names] of labels) {
    it(`${labelSelector} chooses '${names}'`, () => expect(chosen({ labelSelector })).to.equal(names));
  }

  it('reads fields that the kind lets be selected', () => {
    expect(chosen({ fieldSelector: 'metadata.name=b' })).to.equal('b');
    expect(chosen({ fieldSelector: 'metadata.name!=b,spec.nodeName==n1' })).to.equal('ac');
    expect(chosen({ fieldSelector: 'status.phase=Pending' })).to.equal('');
    expect(chosen({ namespace: 'other' })).to.equal('');
  });

  it('refuses other fields and texts that are no selector', () => {
    const messageOf = (selection: object): string => {
      try {
        chosen(selection);
      } catch (error: unknown) {
        if (error instanceof ApiError && error.status.code === 400) return error.message;
        throw error;
      }
      return 'chosen';
    };
    expect(messageOf({ fieldSelector: 'spec.hostname=x' })).to.equal(
      'field label not supported: spec.hostname',
    );
    expect(messageOf({ fieldSelector: 'x' })).to.contain("can't understand 'x'");
    expect(messageOf({ labelSelector: 'a=b=c' })).to.contain("found '=', expected");
  });
});
