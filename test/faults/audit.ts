import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The account whose requests are written down. */
export const auditedUser = 'system:serviceaccount:datadog:datadog-cluster-agent';

/** A request as kube-apiserver judged and answered it. */
export interface AuditedRequest {
  readonly verb: string;
  readonly apiGroup: string;
  /** `''` for a path that is no resource. */
  readonly resource: string;
  readonly namespace: string;
  /** Also of a list or watch that is narrowed to one name. */
  readonly name: string;
  readonly uri: string;
  readonly status: number;
  readonly atMs: number;
}

const policy = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata', users: [auditedUser] }, { level: 'None' }],
};

/** Writes the policy into `folder` and names what makes kube-apiserver follow it. */
export async function prepareAudit(
  folder: string,
): Promise<{ readonly file: string; readonly apiServerFlags: readonly string[] }> {
  const policyFile = join(folder, 'audit-policy.json');
  const file = join(folder, 'audit.log');
  await writeFile(policyFile, JSON.stringify(policy));
  return { file, apiServerFlags: [`--audit-policy-file=${policyFile}`, `--audit-log-path=${file}`] };
}

/** Reads an audit log; a line that is half written at its end is left out. */
export function parseAudit(text: string): readonly AuditedRequest[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const { verb, requestURI, objectRef, responseStatus, requestReceivedTimestamp } = JSON.parse(
        line,
      ) as AuditEvent;
      return {
        verb,
        uri: requestURI,
        apiGroup: objectRef?.apiGroup ?? '',
        resource: objectRef?.resource ?? '',
        namespace: objectRef?.namespace ?? '',
        name: objectRef?.name ?? '',
        status: responseStatus?.code ?? 0,
        atMs: Date.parse(requestReceivedTimestamp),
      };
    });
}

interface AuditEvent {
  readonly verb: string;
  readonly requestURI: string;
  readonly requestReceivedTimestamp: string;
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number };
}
