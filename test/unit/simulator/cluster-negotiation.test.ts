import { expect } from 'chai';
import { ApiError } from '../../../simulator/cluster/api-error.js';
import { type Kind, servedKinds } from '../../../simulator/cluster/kinds.js';
import { toExtent } from '../../../simulator/cluster/negotiation.js';

const list = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
const object = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';

function kindOf(resource: string): Kind {
  const kind = servedKinds('v2').find((one) => one.resource === resource);
  if (kind === undefined) throw new Error(`no ${resource}`);
  return kind;
}

/** The extent, or the text of the 406. */
function read(accept: string, verb: 'get' | 'list' | 'watch', resource = 'configmaps'): string {
  try {
    return toExtent(accept, verb, kindOf(resource));
  } catch (error: unknown) {
    if (error instanceof ApiError && error.status.code === 406) return error.message;
    throw error;
  }
}

describe('what an Accept header asks for', () => {
  const wholes = [
    '',
    '*/*',
    'application/json',
    'application/*;q=0.8',
    'application/vnd.kubernetes.protobuf',
    'application/json;stream=watch',
    `${table},application/json`,
  ];
  for (const accept of wholes)
    it(`whole objects: ${accept === '' ? 'none' : accept}`, () =>
      expect(read(accept, 'list')).to.equal('whole'));

  it('metadata alone, in the shape that fits the answer', () => {
    expect(read(list, 'list')).to.equal('metadata');
    expect(read(object, 'get')).to.equal('metadata');
    expect(read(object, 'watch')).to.equal('metadata');
    expect(read('application/JSON ; g=meta.k8s.io ; v=v1 ; as=PartialObjectMetadata', 'get')).to.equal(
      'metadata',
    );
  });

  it('the first alternative that is served', () => {
    expect(read(`${list},application/json`, 'list')).to.equal('metadata');
    expect(read(`application/json, ${list}`, 'list')).to.equal('whole');
    expect(
      read(`${list.replace('json', 'vnd.kubernetes.protobuf')},${list},application/json`, 'list'),
    ).to.equal('metadata');
    expect(read(`${table}, ${list}`, 'list')).to.equal('metadata');
  });

  it('nothing that there is', () => {
    const refusal = 'only the following media types are accepted: application/json';
    expect(read(table, 'list')).to.equal(refusal);
    expect(read(list.replace('v=v1', 'v=v2'), 'list')).to.equal(refusal);
    expect(read('application/json;as=PartialObjectMetadata', 'get')).to.equal(refusal);
    expect(read(object.replace('json', 'yaml'), 'get')).to.equal(refusal);
  });

  it('the shape of another answer, which only a watch puts up with', () => {
    expect(read(`${object},application/json`, 'list', 'endpointslices')).to.equal(
      'you requested PartialObjectMetadata, but the requested object is a list (*discovery.EndpointSliceList)',
    );
    expect(read(list, 'get')).to.equal(
      'you requested PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)',
    );
    expect(read(list, 'watch')).to.equal('whole');
  });
});
