import { buildInfo } from './build-info.js';

/** The line that `datadog-cluster-agent version` prints. */
export function versionLine(): string {
  const { version, commit } = buildInfo();
  return `Cluster agent ${version} - Commit: '${commit}' - Node ${process.version}`;
}
