import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, loadConfig } from '../../../config/load.js';
import { problemText } from '../../../config/problem.js';
import { listAt, textAt } from '../../../simulator/cluster/object.js';
import { container, deployFolder } from './manifests.js';

/** Any well-formed values for what comes from Secrets and from the pod itself. */
const fromElsewhere: Readonly<Record<string, string>> = {
  DD_API_KEY: 'a'.repeat(32),
  DD_APP_KEY: 'b'.repeat(40),
  DD_CLUSTER_AGENT_AUTH_TOKEN: 'c'.repeat(32),
  DD_POD_NAME: 'datadog-cluster-agent-0',
};

/** What a pod of `deploy/base` runs with: its settings file, its environment, its namespace. Throws for wrong ones. */
export function shippedConfig(): Config {
  const path = join(deployFolder, 'base/datadog-cluster.yaml');
  const environment = listAt(container(), 'env').map((entry) => {
    const name = textAt(entry, 'name') ?? '';
    const value = textAt(entry, 'value') ?? fromElsewhere[name];
    if (value === undefined) throw new Error(`where does ${name} come from?`);
    return [name, value];
  });
  const loaded = loadConfig({
    file: { path, text: readFileSync(path, 'utf8') },
    environment: Object.fromEntries(environment),
    flags: {},
    surroundings: { namespace: 'datadog', hostName: 'node' },
  });
  if (!loaded.ok) throw new Error(loaded.error.map(problemText).join('\n'));
  return loaded.value;
}
