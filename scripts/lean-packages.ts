import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Plugin } from 'esbuild';
import { pruneModels } from './datadog-models.js';

/** What is served, sent or asked for by a short name; Koa's packages bring 2,500 types in three copies. */
const mediaTypes =
  /^(application\/(json|octet-stream|yaml|javascript|x-www-form-urlencoded)|multipart\/form-data|image\/svg\+xml|text\/(plain|html|css|javascript|event-stream))$/;

/**
 * Keeps out of the bundle what no code of ours can reach, but esbuild cannot know that: generated models, whose classes
 * look to it as if they did something when they are loaded, and tables. Loaded, they would be half of the live memory.
 */
export const leanPackages: Plugin = {
  name: 'lean packages',
  setup(build) {
    // The one part that is used; the index would load all others.
    build.onResolve({ filter: /^@kubernetes\/client-node$/ }, async ({ kind, resolveDir }) =>
      build.resolve('@kubernetes/client-node/dist/config.js', { kind, resolveDir }),
    );
    build.onLoad({ filter: /[\\/]client-node[\\/]dist[\\/]gen[\\/]index\.js$/ }, ({ path }) => ({
      contents: withoutModels(readFileSync(path, 'utf8')),
    }));
    // Nothing but the reading and writing of ASN.1.
    build.onLoad({ filter: /[\\/]node-forge[\\/]lib[\\/]index\.js$/ }, () => ({
      contents: `import asn1 from './asn1.js'; export default { asn1 };`,
    }));
    build.onLoad({ filter: /[\\/]undici[\\/]index\.js$/ }, ({ path }) => ({
      contents: clientOnly(readFileSync(path, 'utf8')),
    }));
    build.onLoad(
      { filter: /[\\/]datadog-api-client-v1[\\/]models[\\/]ObjectSerializer\.js$/ },
      ({ path }) => ({
        contents: pruneModels(readFileSync(path, 'utf8'), (file) =>
          readFileSync(join(dirname(path), '..', file), 'utf8'),
        ),
      }),
    );
    build.onLoad({ filter: /[\\/]mime-db[\\/]db\.json$/ }, ({ path }) => ({
      contents: pruneMediaTypes(readFileSync(path, 'utf8')),
      loader: 'json',
    }));
  },
};

/** The models of Kubernetes' API, and the APIs made of them. */
function withoutModels(index: string): string {
  return index.replace(/^export .* from ["']\.\/(models|types)\/.*\n/gm, '');
}

/**
 * An index of undici's client: without its web sockets, caches and mocks, and with Node's own fetch, which nothing of ours
 * calls. An import of another name fails the build.
 */
function clientOnly(index: string): string {
  const wrapper = /^function makeDispatcher \(fn\) \{\n[\s\S]*?^\}$/m.exec(index)?.[0];
  if (wrapper === undefined) throw new Error('the index of undici is not as it was');
  return `import Dispatcher from './lib/dispatcher/dispatcher.js';
    import api from './lib/api/index.js';
    import util from './lib/core/util.js';
    import { InvalidArgumentError } from './lib/core/errors.js';
    import { getGlobalDispatcher } from './lib/global.js';
    Object.assign(Dispatcher.prototype, api);
    ${wrapper}
    export const request = makeDispatcher(api.request);
    export { default as Agent } from './lib/dispatcher/agent.js';
    export { default as EnvHttpProxyAgent } from './lib/dispatcher/env-http-proxy-agent.js';
    export { default as Pool } from './lib/dispatcher/pool.js';
    export { default as ProxyAgent } from './lib/dispatcher/proxy-agent.js';
    export const fetch = (...given) => globalThis.fetch(...given);
    export { FormData } from './lib/web/fetch/formdata.js';`;
}

function pruneMediaTypes(text: string): string {
  const all = Object.entries(JSON.parse(text) as Readonly<Record<string, unknown>>);
  return JSON.stringify(Object.fromEntries(all.filter(([name]) => mediaTypes.test(name))));
}
