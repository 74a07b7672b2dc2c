import { request } from 'node:https';
import { messageOf } from '../core/fault.js';
import { fail, ok, type Result } from '../core/result.js';

/** What the Cluster Agent on this machine answered. */
export interface AgentAnswer {
  readonly status: number;
  readonly body: string;
}

const timeoutMs = 30_000;

/**
 * Asks the Cluster Agent on this machine. Its certificate is not verified: the authority behind it is known to
 * kube-apiserver and not to this command, and what answers on this machine's own loopback address is as trustworthy as
 * the file that the token came from.
 */
export function callAgent(port: number, path: string, token: string): Promise<Result<AgentAnswer, string>> {
  const where = `https://127.0.0.1:${port}`;
  const headers = { authorization: `Bearer ${token}` };
  return new Promise((resolve) => {
    const asked = request(
      `${where}${path}`,
      { headers, rejectUnauthorized: false, timeout: timeoutMs },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('end', () =>
          resolve(ok({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() })),
        );
        answer.on('error', (error) => resolve(fail(`${where}: ${messageOf(error)}`)));
      },
    );
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    asked.on('error', (error) =>
      resolve(
        fail(
          `${where}: ${messageOf(error)}; is the Cluster Agent running here, with this DD_CLUSTER_AGENT_CMD_PORT?`,
        ),
      ),
    );
    asked.end();
  });
}
