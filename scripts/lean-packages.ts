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

function pruneMediaTypes(text: string): string {
  const all = Object.entries(JSON.parse(text) as Readonly<Record<string, unknown>>);
  return JSON.stringify(Object.fromEntries(all.filter(([name]) => mediaTypes.test(name))));
}
