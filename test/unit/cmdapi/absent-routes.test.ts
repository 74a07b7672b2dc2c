import { expect } from 'chai';
import { absentRoutes } from '../../../cmdapi/absent-routes.js';
import type { Route } from '../../../cmdapi/route.js';

const nothing = { names: {}, query: () => [] };

function answerOf(route: Route) {
  const reply = route.answer(nothing);
  if (reply instanceof Promise) throw new Error('an absent feature has nothing to wait for');
  const { status, headers, body } = reply;
  return { status, type: headers['content-type'], text: String(body) };
}

function found(method: string, path: string): Route {
  const route = absentRoutes().find((one) => one.method === method && one.path === path);
  if (route === undefined) throw new Error(`there is no route ${method} ${path}`);
  return route;
}

describe('a feature that is absent', () => {
  it('answers 404 with a line that says so, on each of its routes', () => {
    for (const route of absentRoutes()) {
      const { status, type, text } = answerOf(route);
      expect([status, type], route.path).to.deep.equal([404, 'text/plain; charset=utf-8']);
      expect(text, route.path).to.match(/^[^\n]+: not a feature of this Cluster Agent(; [^\n]+)?\n$/);
    }
  });

  it('has each route once', () => {
    const lines = absentRoutes().map(({ method, path }) => `${method} ${path}`);
    expect(lines.filter((line, index) => lines.indexOf(line) !== index)).to.deep.equal([]);
  });

  for (const [method, path, what] of [
    ['POST', '/api/v1/clusterchecks/status/:identifier', 'cluster checks'],
    ['GET', '/api/v1/clusterchecks/configs/:identifier', 'cluster checks'],
    ['GET', '/api/v1/endpointschecks/configs/:node', 'endpoints checks'],
    ['POST', '/api/v1/languagedetection', 'language detection'],
    ['POST', '/api/v2/series', 'local autoscaling fallback'],
    ['GET', '/api/v1/tags/cf/apps/:node', 'Cloud Foundry metadata'],
    ['GET', '/api/v1/metadata/:node/:namespace/:pod', 'the API of agents before 6.5'],
  ] as const)
    it(`is told to node agents at ${method} ${path}`, () => {
      const route = found(method, path);
      expect(route.credential).to.equal('agents');
      expect(answerOf(route).text).to.match(new RegExp(`^${what}: `));
    });

  for (const [method, path] of [
    ['GET', '/api/v1/clusterchecks'],
    ['POST', '/api/v1/clusterchecks/rebalance'],
    ['POST', '/api/v1/clusterchecks/isolate/check/:identifier'],
    ['GET', '/api/v1/endpointschecks/configs'],
    ['POST', '/flare'],
    ['POST', '/stop'],
    ['GET', '/config-check'],
    ['GET', '/config'],
    ['GET', '/config/:setting'],
    ['POST', '/config/:setting'],
    ['GET', '/tagger-list'],
    ['GET', '/workload-list'],
    ['GET', '/autoscaler-list'],
    ['POST', '/diagnose'],
    ['GET', '/metadata/cluster-agent'],
  ] as const)
    it(`is told to operators alone at ${method} ${path}`, () => {
      expect(found(method, path).credential).to.equal('local');
    });

  it('says what to do instead, where there is something', () => {
    expect(answerOf(found('POST', '/stop')).text).to.equal(
      'being stopped by a request: not a feature of this Cluster Agent; send SIGTERM, or delete the pod\n',
    );
  });
});
