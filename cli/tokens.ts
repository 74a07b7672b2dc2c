import { obtainToken } from '../cmdapi/token-file.js';
import type { Config } from '../config/load.js';
import type { Problem } from '../config/problem.js';
import { fail, ok, type Result } from '../core/result.js';

/** The two tokens of the port for node agents and operators, and what is to be said of how they came about. */
export interface ObtainedTokens {
  readonly tokens: { readonly agents: string; readonly local: string };
  readonly notices: readonly string[];
}

/** Without a token the port could let in nobody, or anybody: so a start without one is refused, with what to do. */
export async function obtainTokens(config: Config): Promise<Result<ObtainedTokens, readonly Problem[]>> {
  const { authToken, authTokenPath, localTokenPath } = config.clusterAgent;
  const agents =
    authToken === undefined ? await obtainToken(authTokenPath) : ok({ secret: authToken, isNew: false });
  const local = await obtainToken(localTokenPath);
  if (agents.ok && local.ok) {
    const notice = `made a token for node agents in ${authTokenPath}; node agents and other replicas must have the same: set DD_CLUSTER_AGENT_AUTH_TOKEN for all of them`;
    return ok({
      tokens: { agents: agents.value.secret, local: local.value.secret },
      notices: agents.value.isNew ? [notice] : [],
    });
  }
  return fail([
    ...(agents.ok
      ? []
      : [
          problem(
            'DD_CLUSTER_AGENT_AUTH_TOKEN',
            `not set, and the file ${authTokenPath} ${agents.error}; set it to 32 or more letters and digits, the same for all replicas and node agents`,
          ),
        ]),
    ...(local.ok
      ? []
      : [
          problem(
            'DD_AUTH_TOKEN_FILE_PATH',
            `the file ${localTokenPath} ${local.error}; name a file in a folder that this process may write to`,
          ),
        ]),
  ]);
}

function problem(setting: string, message: string): Problem {
  return { severity: 'error', setting, message };
}
