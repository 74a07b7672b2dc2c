import { expect } from 'chai';
import type { Route } from '../../cmdapi/route.js';
import { commandRoutes } from '../../cmdapi/server.js';
import type { Credential } from '../../cmdapi/token.js';
import { tokens } from '../../simulator/stand-ins.js';
import { node } from './cmdapi-objects.js';
import { type Answer, type CommandReplica, CommandScene } from './cmdapi-scene.js';

const unused = (): never => {
  throw new Error('these routes are only looked at');
};

/** The routes as they are declared; none of them is answered here. */
const routes = commandRoutes({
  directory: {
    nodeLabels: unused,
    nodeAnnotations: unused,
    nodeUid: unused,
    namespaceLabels: unused,
    namespaceMetadata: unused,
    podTags: unused,
    podsOnNode: unused,
    allPods: unused,
    warning: unused,
  },
  clusterId: unused,
  explainer: undefined,
  hostname: '',
  version: { Major: 0, Minor: 0, Patch: 0, Pre: '', Meta: '', Commit: '' },
  status: unused,
  health: unused,
  flare: unused,
});

/** What may be done to a target on its way, by people who want another door than the one they have the token of. */
const variations: Readonly<Record<string, (target: string) => string>> = {
  'as it is': (target) => target,
  'a query with a slash': (target) => `${target}?x=/y`,
  'a query of slashes': (target) => `${target}?////////`,
  'a query with an encoded slash': (target) => `${target}?filter=a%2Fb&filter=/`,
  'an empty query': (target) => `${target}?`,
  'a fragment': (target) => `${target}#/version`,
  'an encoded slash in its last part': (target) => `${target}%2Fversion`,
  'an encoded slash before all': (target) => `/%2F${target.slice(1)}`,
  'encoded slashes throughout': (target) => `/${target.slice(1).replaceAll('/', '%2F')}`,
  'two slashes before all': (target) => `/${target}`,
  'two slashes within': (target) => target.replaceAll('/', '//'),
  'a slash after all': (target) => `${target}/`,
  'a way up after all': (target) => `${target}/..`,
  'an encoded way up after all': (target) => `${target}/%2e%2e`,
  'a way up to version': (target) => `${target}/../version`,
  'a way down and up before all': (target) => `/version/..${target}`,
  'a way nowhere within': (target) => target.replaceAll('/', '/./'),
  'a parameter after all': (target) => `${target};x=/version`,
  'other letters': (target) => target.toUpperCase(),
  'an encoded letter': (target) => target.replace('a', '%61'),
  'the whole form': (target) => `https://other.example${target}`,
  'the whole form with a port and a query': (target) => `http://127.0.0.1:1${target}?x=/y`,
  'a backslash before all': (target) => `/\\${target}`,
};

/** The tokens that open what a target leads to, read from the target in a plain way of our own. */
function classOf(method: string, target: string): Credential | 'nowhere' {
  const whole = target.replace(/^https?:\/\/[^/]+/, '');
  const segments = (whole.split(/[?#]/, 1)[0] ?? '').split('/');
  const isMatch = ({ path }: Route): boolean => {
    const wanted = path.split('/');
    return (
      wanted.length === segments.length &&
      wanted.every((part, at) => (part.startsWith(':') ? segments[at] !== '' : part === segments[at]))
    );
  };
  return routes.find((route) => route.method === method && isMatch(route))?.credential ?? 'nowhere';
}

/** `admitted` by a route, whatever that has to say; `nowhere`: let in where there is no such page. */
function doorOf({ status, text }: Answer): string {
  if (status === 401 || status === 403) return `${status} ${text.trim()}`;
  return status === 404 && text === '404 page not found\n' ? 'nowhere' : 'admitted';
}

const wrong = 'wrong012345678901234567890123456';

describe('the two tokens', () => {
  const scene = new CommandScene();
  let served: CommandReplica;
  before(async () => {
    await scene.start();
    scene.cluster.apply(node('x'));
    served = await scene.replica();
  });
  after(() => scene.stop());

  it('are asked for by the routes that the facts name', () => {
    const of = (credential: Credential): readonly string[] =>
      routes.filter((route) => route.credential === credential).map(({ path }) => path);
    expect(of('agents')).to.include.members([
      '/version',
      '/api/v1/tags/pod/:node/:namespace/:pod',
      '/api/v1/tags/pod/:node',
      '/api/v1/tags/node/:node',
      '/api/v1/annotations/node/:node',
      '/api/v1/tags/namespace/:namespace',
      '/api/v1/metadata/namespace/:namespace',
      '/api/v1/uid/node/:node',
      '/api/v1/cluster/id',
    ]);
    expect(of('local')).to.include.members([
      '/hostname',
      '/status',
      '/status/health',
      '/api/v1/tags/pod',
      '/flare',
      '/stop',
      '/config',
      '/config-check',
    ]);
  });

  for (const [what, vary] of Object.entries(variations))
    it(`open the same doors for ${what}, and never each other's`, async () => {
      for (const { method, path } of routes) {
        const target = vary(path.replaceAll(/:\w+/g, 'x'));
        const opens = classOf(method, target);
        for (const credential of ['agents', 'local'] as const) {
          const answer = await served.client.ask(target, { method, token: tokens[credential] });
          const stranger = opens === 'nowhere' ? 'nowhere' : '403 invalid session token';
          expect(doorOf(answer), `${credential} ${method} ${target}`).to.equal(
            opens === credential ? 'admitted' : stranger,
          );
        }
      }
    });

  it('keep everybody else out of every route, and out of what is none', async () => {
    for (const { method, path } of [
      ...routes,
      { method: 'GET', path: '/nowhere' },
      { method: 'PUT', path: '/version' },
    ])
      for (const [token, door] of [
        ['', '401 no session token provided'],
        [wrong, '403 invalid session token'],
        [`${tokens.agents} ${tokens.local}`, '403 invalid session token'],
      ] as const) {
        const answer = await served.client.ask(path.replaceAll(/:\w+/g, 'x'), { method, token });
        expect(doorOf(answer), `${method} ${path}`).to.equal(door);
      }
  });

  for (const [header, status, text, challenge] of [
    ['', 401, 'no session token provided', true],
    ['Bearer', 403, 'invalid session token', false],
    ['Bearer ', 403, 'invalid session token', false],
    [`Bearer  ${tokens.agents}`, 403, 'invalid session token', false],
    [`Bearer ${tokens.agents} x`, 403, 'invalid session token', false],
    [`bearer ${tokens.agents}`, 401, 'unsupported authorization scheme: bearer', true],
    ['Basic eA==', 401, 'unsupported authorization scheme: Basic', true],
    [tokens.agents, 401, 'unsupported authorization scheme: (none); expected: Bearer <token>', true],
  ] as const)
    it(`refuse "${header.replaceAll(/[a-z]+\d\w{20,}/g, '<token>')}" with ${status}`, async () => {
      const answer = await served.client.ask('/version', { token: '', headers: { authorization: header } });
      expect([answer.status, answer.text]).to.deep.equal([status, `${text}\n`]);
      expect(answer.headers['www-authenticate']).to.equal(
        challenge ? 'Bearer realm="Datadog Agent"' : undefined,
      );
      expect(answer.headers['content-type']).to.equal('text/plain; charset=utf-8');
    });

  it('appear in no answer and no line of the log', async () => {
    const verbose = await scene.replica({ logLevel: 'trace' });
    const texts: string[] = [];
    for (const { method, path } of routes)
      for (const token of [tokens.agents, tokens.local, wrong]) {
        const target = `${path.replaceAll(/:\w+/g, 'x')}?token=x`;
        const { text, headers } = await verbose.client.ask(target, { method, token });
        texts.push(text, JSON.stringify(headers));
      }
    for (const secret of [tokens.agents, tokens.local, wrong]) {
      expect(texts.filter((text) => text.includes(secret))).to.deep.equal([]);
      expect(verbose.lines.filter((line) => line.includes(secret))).to.deep.equal([]);
    }
    expect(verbose.lines.length).to.be.greaterThan(5);
  });
});
