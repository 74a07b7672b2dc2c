import { expect } from 'chai';
import { openApiDocuments } from '../../../apiserver/openapi.js';

/** All references in a document, and whether each leads somewhere. */
function references(node: unknown, root: unknown): [string, boolean][] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, value]: [string, unknown]) =>
    key === '$ref' && typeof value === 'string'
      ? [[value, leads(value, root)] as [string, boolean]]
      : references(value, root),
  );
}

function leads(reference: string, root: unknown): boolean {
  let node = root;
  for (const part of reference.split('/').slice(1)) {
    const found: unknown =
      typeof node === 'object' && node !== null
        ? Object.entries(node).find(([key]) => key === part)?.[1]
        : undefined;
    node = found;
  }
  return node !== undefined;
}

describe('apiserver/openapi', () => {
  const { v2, v3Group } = openApiDocuments();
  for (const [name, document] of Object.entries({ v2, v3Group })) {
    it(`has no reference in ${name} that leads nowhere`, () => {
      const root: unknown = JSON.parse(document.body.toString());
      const found = references(root, root);
      expect(found.length).to.be.greaterThan(1);
      expect(found.filter(([, ok]) => !ok)).to.deep.equal([]);
    });
  }

  it('is the same each time', () => expect(openApiDocuments().v2.etag).to.equal(v2.etag));
});
