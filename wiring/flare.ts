import { performance } from 'node:perf_hooks';
import { memoryUsage, resourceUsage } from 'node:process';
import { getHeapStatistics } from 'node:v8';
import { secretsOf } from '../config/load.js';
import { printConfig } from '../config/print.js';
import { placedSettings } from '../config/schema.js';
import { createDocumentScrub } from '../core/scrub.js';
import type { AppInputs } from './inputs.js';

/** Variables of other programs' that change how this one runs. Whatever is not named here, or a setting, is never told. */
const otherVariables = [
  'GOMEMLIMIT',
  'KUBERNETES_SERVICE_HOST',
  'KUBERNETES_SERVICE_PORT',
  'NODE_ENV',
  'NODE_EXTRA_CA_CERTS',
  'NODE_OPTIONS',
  'TZ',
  'UV_THREADPOOL_SIZE',
];

/** What a replica adds to a flare: settings as it read them, its environment by an allow-list, and figures of its process. */
export function buildFlareFacts({
  config,
  environment,
  tokens,
}: Pick<AppInputs, 'config' | 'environment' | 'tokens'>): () => object {
  const scrub = createDocumentScrub([...secretsOf(config), tokens.agents, tokens.local]);
  return () => ({
    settings: scrub(printConfig(config)).split('\n'),
    environment: allowedEnvironment(environment).map(scrub),
    process: processFigures(),
  });
}

/** Each variable that may be told, as `NAME=value`; a secret setting's value is left out. */
export function allowedEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const settings = placedSettings().flatMap(({ setting }) =>
    [...setting.environment, ...(setting.commonEnvironment ?? [])].map(
      (name) => [name, setting.secret !== undefined] as const,
    ),
  );
  const allowed = new Map<string, boolean>([
    ...settings,
    ...otherVariables.map((name) => [name, false] as const),
  ]);
  return Object.entries(environment)
    .flatMap(([name, value]): readonly string[] => {
      const isSecret = allowed.get(name);
      return isSecret === undefined || value === undefined
        ? []
        : [`${name}=${isSecret ? '********' : value}`];
    })
    .toSorted();
}

/** Bytes, milliseconds and shares; the delay of the event loop over time stands among the metrics. */
function processFigures(): object {
  return {
    memory: memoryUsage(),
    heap: getHeapStatistics(),
    eventLoop: performance.eventLoopUtilization(),
    resources: resourceUsage(),
  };
}
