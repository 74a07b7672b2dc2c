import { readToken } from '../../cmdapi/token-file.js';
import type { Config } from '../../config/load.js';
import { type Problem, problemText } from '../../config/problem.js';
import { type Finding, findingsOf } from './finding.js';

const topic = findingsOf('Settings');
const nodeTopic = findingsOf('Node agents');

/** All that is wrong with the settings, at once, as a start would tell it. */
export function checkSettings(config: Config, errors: readonly Problem[]): readonly Finding[] {
  const found = [
    ...errors.map((error) =>
      topic.failed(problemText(error), 'mend this setting: no replica starts with it'),
    ),
    ...config.warnings.map((warning) => topic.warning(problemText(warning), 'look at this setting')),
  ];
  if (found.length > 0) return found;
  const set = config.entries.filter(({ origin }) => origin.kind !== 'default' && origin.kind !== 'derived');
  return [topic.ok(`${set.length} are set, and nothing is wrong with them`)];
}

/** Node agents and replicas must share a token; one that each replica made for itself is nobody else's. */
export async function checkAgentsToken({
  clusterAgent: { authToken, authTokenPath },
}: Config): Promise<readonly Finding[]> {
  if (authToken !== undefined)
    return [nodeTopic.ok('the token of node agents is set (DD_CLUSTER_AGENT_AUTH_TOKEN)')];
  const token = await readToken(authTokenPath);
  if (token.ok) return [nodeTopic.ok(`the token of node agents is read from ${authTokenPath}`)];
  return [
    nodeTopic.warning(
      `the token of node agents is not set here, and ${authTokenPath} ${token.error.message}`,
      'set DD_CLUSTER_AGENT_AUTH_TOKEN to the same 32 or more letters and digits for all replicas and node agents; without it each replica makes one of its own, which no node agent has',
    ),
  ];
}
