import { expect } from 'chai';
import {
  type Parser,
  parseCheckConfigs,
  parseCheckStatus,
  parseClusterId,
  parseNamespaceLabels,
  parseNamespaceMetadata,
  parseNodes,
  parseNodeUid,
  parsePodTags,
  parseTextMap,
  parseVersion,
} from '../../node-agent/answers.js';

const version = { Major: 7, Minor: 55, Patch: 1, Pre: '', Meta: '', Commit: 'abc' };
const id = '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0';

describe('what a node agent takes from its Cluster Agent', () => {
  const taken: readonly (readonly [string, Parser<unknown>, unknown, unknown])[] = [
    ['a version', parseVersion, version, version],
    [
      'tags of a pod',
      parsePodTags,
      ['kube_service:a', 'kube_service:b'],
      ['kube_service:a', 'kube_service:b'],
    ],
    ['no tags of a pod', parsePodTags, null, []],
    ['an empty list of tags', parsePodTags, [], []],
    ['labels', parseTextMap, { a: 'b', c: '' }, { a: 'b', c: '' }],
    ['no labels', parseTextMap, null, {}],
    ['labels of a namespace', parseNamespaceLabels, { team: 'x' }, { labels: { team: 'x' } }],
    [
      'metadata of a namespace',
      parseNamespaceMetadata,
      { Name: 'shop', Namespace: '', Annotations: null, Labels: { team: 'x' } },
      { labels: { team: 'x' }, annotations: {} },
    ],
    ['a cluster id', parseClusterId, id, id],
    ['the UID of a node', parseNodeUid, { uid: id }, id],
    ['the state of checks', parseCheckStatus, { isuptodate: false }, false],
    ['checks', parseCheckConfigs, { last_change: 5, configs: [{}] }, 5],
    ['no checks', parseCheckConfigs, { last_change: 0, configs: null }, 0],
  ];
  for (const [what, parse, value, expected] of taken)
    it(`is ${what}`, () => {
      expect(parse(value)).to.deep.equal({ ok: true, value: expected });
    });

  it('is the services of all nodes, with a node that has no key for them told apart', () => {
    const parsed = parseNodes({
      Nodes: {
        one: { services: { shop: { cart: { b: {}, 'kube_service:a': {} }, till: {} }, empty: {} } },
        two: {},
        three: { services: null },
        four: { services: {} },
      },
      Warnings: ['w'],
      Errors: 'e',
    });
    expect(parsed).to.deep.equal({
      ok: true,
      value: new Map<string, unknown>([
        ['one', { 'shop/cart': ['a', 'b'], 'shop/till': [] }],
        ['two', undefined],
        ['three', undefined],
        ['four', {}],
      ]),
    });
  });

  const refused: readonly (readonly [Parser<unknown>, unknown, string])[] = [
    [parseVersion, null, 'a version is an object'],
    [parseVersion, [], 'a version is an object'],
    [parseVersion, { ...version, Major: '7' }, 'Major of a version is a whole number'],
    [parseVersion, { ...version, Minor: 5.5 }, 'Minor of a version is a whole number'],
    [parseVersion, { ...version, Patch: undefined }, 'Patch of a version is a whole number'],
    [parseVersion, { ...version, Pre: null }, 'Pre of a version is a text'],
    [parseVersion, { ...version, Commit: 7 }, 'Commit of a version is a text'],
    [parseVersion, { major: 7, minor: 55, patch: 1 }, 'Major of a version is a whole number'],
    [parsePodTags, {}, 'tags are null or an array'],
    [parsePodTags, ['a'], 'a tag is a text kube_service:x'],
    [parsePodTags, ['kube_service:'], 'a tag is a text kube_service:x'],
    [parsePodTags, [null], 'a tag is a text kube_service:x'],
    [parseTextMap, ['a'], 'labels and annotations are an object'],
    [parseTextMap, { a: 1 }, 'a label or annotation is a text'],
    [parseNamespaceLabels, 'x', 'labels and annotations are an object'],
    [parseNamespaceMetadata, null, 'metadata is an object'],
    [parseNamespaceMetadata, { Namespace: '' }, 'Name of metadata is a text'],
    [parseNamespaceMetadata, { Name: 'a' }, 'Namespace of metadata is a text'],
    [parseNamespaceMetadata, { Name: 'a', Namespace: '' }, 'labels and annotations are an object'],
    [
      parseNamespaceMetadata,
      { Name: 'a', Namespace: '', Labels: {}, Annotations: { a: 1 } },
      'a label or annotation is a text',
    ],
    [parseNodes, {}, 'Nodes is an object'],
    [parseNodes, { Nodes: null }, 'Nodes is an object'],
    [parseNodes, { Nodes: { a: [] } }, 'node a is an object'],
    [parseNodes, { Nodes: { a: { services: [] } } }, 'services are an object'],
    [parseNodes, { Nodes: { a: { services: { shop: [] } } } }, 'namespace shop is an object of pods'],
    [
      parseNodes,
      { Nodes: { a: { services: { shop: { cart: ['svc'] } } } } },
      'services of shop/cart are an object of empty objects',
    ],
    [parseNodes, { Nodes: {}, Errors: ['e'] }, 'Errors is a text'],
    [parseNodes, { Nodes: {}, Warnings: 'w' }, 'Warnings are an array of texts'],
    [parseClusterId, id.slice(1), 'a cluster id is a text of 36 characters'],
    [parseClusterId, { id }, 'a cluster id is a text of 36 characters'],
    [parseNodeUid, id, 'the UID of a node is an object with a text uid'],
    [parseNodeUid, { uid: '' }, 'the UID of a node is an object with a text uid'],
    [parseCheckStatus, {}, 'isuptodate is a boolean'],
    [parseCheckConfigs, { configs: [] }, 'last_change is a number'],
    [parseCheckConfigs, { last_change: 1 }, 'configs are null or an array'],
  ];
  for (const [parse, value, error] of refused)
    it(`is not ${JSON.stringify(value)}: ${error}`, () => {
      expect(parse(value)).to.deep.equal({ ok: false, error });
    });
});
