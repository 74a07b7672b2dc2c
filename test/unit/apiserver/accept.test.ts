import { expect } from 'chai';
import fc from 'fast-check';
import { chooseEncoding, type Encoding, parseAccept } from '../../../apiserver/accept.js';
import { chooseDiscovery } from '../../../apiserver/discovery.js';

const all: readonly Encoding[] = ['json', 'yaml', 'protobuf'];
const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

describe('apiserver/accept', () => {
  const cases: [string | undefined, Encoding | undefined][] = [
    [undefined, 'json'],
    ['', 'json'],
    ['*/*', 'json'],
    ['application/vnd.kubernetes.protobuf, */*', 'protobuf'],
    ['application/json, */*', 'json'],
    ['application/yaml', 'yaml'],
    ['APPLICATION/YAML', 'yaml'],
    ['application/*', 'json'],
    ['*/*, application/yaml', 'yaml'],
    ['application/json;q=0.5, application/yaml;q=0.9', 'yaml'],
    ['application/json;q=0, application/yaml', 'yaml'],
    ['application/json;as=Table;g=meta.k8s.io;v=v1, application/json', 'json'],
    ['application/json;as=Table;g=meta.k8s.io;v=v1', undefined],
    ['application/cbor', undefined],
    ['text/html', undefined],
    ['text/*', undefined],
    ['application/json;charset=utf-8', 'json'],
    [',,nonsense,;q=1', undefined],
    ['application/json;q=x', 'json'],
  ];
  for (const [header, encoding] of cases) {
    it(`answers ${JSON.stringify(header)} with ${encoding}`, () =>
      expect(chooseEncoding(parseAccept(header), all)).to.equal(encoding));
  }

  const discovery: [string, string | undefined][] = [
    [`${aggregated},application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList`, 'aggregated'],
    [`${aggregated},application/json`, 'aggregated'],
    ['application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json', 'json'],
    ['application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList', undefined],
    ['application/json', 'json'],
    ['*/*', 'json'],
    ['application/yaml', 'yaml'],
    ['application/vnd.kubernetes.protobuf', undefined],
  ];
  for (const [header, choice] of discovery) {
    it(`discovers ${header} as ${choice}`, () =>
      expect(chooseDiscovery(parseAccept(header), ['json', 'yaml'])).to.equal(choice));
  }

  it('never throws', () =>
    fc.assert(fc.property(fc.string(), (text) => void chooseEncoding(parseAccept(text), all))));
});
