import { expect } from 'chai';
import { toRequestInfo } from '../../../simulator/cluster/request-info.js';

function targetOf(method: string, url: string): unknown {
  return toRequestInfo(method, url).target;
}

const base = { group: '', version: 'v1', namespace: '', name: '', subresource: '' };

describe('what a path asks for', () => {
  const readings: readonly (readonly [string, string, object])[] = [
    ['GET', '/api/v1/namespaces/ns/configmaps', { verb: 'list', resource: 'configmaps', namespace: 'ns' }],
    ['GET', '/api/v1/configmaps?watch=1', { verb: 'watch', resource: 'configmaps' }],
    ['GET', '/api/v1/configmaps?watch=false', { verb: 'list', resource: 'configmaps' }],
    [
      'GET',
      '/api/v1/namespaces/ns/configmaps/a%2Fb',
      { verb: 'get', resource: 'configmaps', namespace: 'ns', name: 'a/b' },
    ],
    ['POST', '/api/v1/namespaces/ns/configmaps', { verb: 'create', resource: 'configmaps', namespace: 'ns' }],
    [
      'DELETE',
      '/api/v1/namespaces/ns/configmaps',
      { verb: 'deletecollection', resource: 'configmaps', namespace: 'ns' },
    ],
    [
      'DELETE',
      '/api/v1/namespaces/ns/configmaps/a',
      { verb: 'delete', resource: 'configmaps', namespace: 'ns', name: 'a' },
    ],
    ['GET', '/api/v1/namespaces', { verb: 'list', resource: 'namespaces' }],
    ['GET', '/api/v1/namespaces/ns', { verb: 'get', resource: 'namespaces', namespace: 'ns', name: 'ns' }],
    [
      'PUT',
      '/api/v1/namespaces/ns/status',
      { verb: 'update', resource: 'namespaces', namespace: 'ns', name: 'ns', subresource: 'status' },
    ],
  ];
  for (const [method, url, expected] of readings) {
    it(`${method} ${url}`, () => expect(targetOf(method, url)).to.deep.equal({ ...base, ...expected }));
  }

  it('knows groups and subresources', () => {
    expect(targetOf('PATCH', '/apis/apps/v1/namespaces/ns/deployments/web/scale')).to.deep.equal({
      verb: 'patch',
      group: 'apps',
      version: 'v1',
      resource: 'deployments',
      namespace: 'ns',
      name: 'web',
      subresource: 'scale',
    });
  });

  it('learns the name of a list from its field selector, for authorization', () => {
    const target = targetOf(
      'GET',
      '/api/v1/namespaces/ns/configmaps?watch=true&fieldSelector=metadata.name%3Da',
    );
    expect(target).to.include({ verb: 'watch', name: 'a' });
  });

  it('has no target outside the groups, at their roots, and for a path that cannot be decoded', () => {
    for (const url of [
      '/healthz',
      '/api',
      '/apis',
      '/api/v1',
      '/apis/apps/v1',
      '/api/v1/namespaces/%zz/configmaps',
      '/api/v1/a/b/c/d/e/f',
    ]) {
      expect(targetOf('GET', url), url).to.equal(undefined);
    }
  });
});
