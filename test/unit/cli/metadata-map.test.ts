import { expect } from 'chai';
import { metadataMapText, parseMetadataMap } from '../../../cli/metadata-map.js';

describe('metadataMapText', () => {
  it('prints nodes, namespaces, pods and services in order, as the original does', () => {
    const text = metadataMapText({
      Nodes: {
        n2: { services: {} },
        n1: { services: { shop: { 'web-0': { web: {}, api: {} } }, bank: { 'db-0': { db: {} } } } },
      },
    });
    expect(text).to.equal(`===============
Metadata Mapper
===============

Node detected: n1

  - Namespace: bank
      - Pod: db-0
        Services: [db]

  - Namespace: shop
      - Pod: web-0
        Services: [api web]

Node detected: n2
`);
  });

  it('prints warnings, and what went wrong', () => {
    const text = metadataMapText({
      Nodes: {},
      Warnings: ['the metadata mapper is turned off'],
      Errors: 'the cluster has no node n9',
    });
    expect(text).to.contain('Warnings:\n  - the metadata mapper is turned off\n');
    expect(text).to.contain('Could not run the service mapper: the cluster has no node n9\n');
  });
});

describe('parseMetadataMap', () => {
  it('takes what the API answers, and nothing else', () => {
    expect(parseMetadataMap('{"Nodes":{"n1":{"services":{}}}}')).to.deep.equal({
      Nodes: { n1: { services: {} } },
    });
    for (const body of ['', 'invalid session token\n', 'null', '[]', '{"Nodes":7}'])
      expect(parseMetadataMap(body), body).to.equal(undefined);
  });
});
