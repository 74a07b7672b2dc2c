import { jsonReply, type Reply, textReply } from './reply.js';
import type { Question, Route } from './route.js';
import type { StatusReport } from './status/report.js';
import { statusText } from './status/text.js';

/** This process, as it tells of itself. */
export interface ProcessPorts {
  readonly hostname: string;
  readonly version: AdvertisedVersion;
  /** All that is to be known of this replica. */
  readonly status: () => StatusReport;
  /** Which parts are well, by the readiness probe. */
  readonly health: () => { readonly Healthy: readonly string[]; readonly Unhealthy: readonly string[] };
}

/** A version, with the field names of Go's encoder. */
export interface AdvertisedVersion {
  readonly Major: number;
  readonly Minor: number;
  readonly Patch: number;
  readonly Pre: string;
  readonly Meta: string;
  readonly Commit: string;
}

/**
 * The version of the Datadog Cluster Agent whose API this one is. Node agents choose by it what they ask: from 1.3 on one
 * question for a node in place of one for each pod, from 1.21 on no redirects to the leader, from 7.55 on the metadata of
 * namespaces. Newer versions stand for things that are not served here. The build metadata says whose program this is.
 */
export function advertisedVersion(build: {
  readonly version: string;
  readonly commit: string;
}): AdvertisedVersion {
  const meta = `independent.${build.version}`.replaceAll(/[^0-9A-Za-z.-]/g, '-');
  return { Major: 7, Minor: 55, Patch: 0, Pre: '', Meta: meta, Commit: build.commit };
}

export function processRoutes({ hostname, version, status, health }: ProcessPorts): readonly Route[] {
  const versionBody = Buffer.from(JSON.stringify(version));
  return [
    {
      handler: 'version',
      method: 'GET',
      path: '/version',
      credential: 'agents',
      answer: () => jsonReply(versionBody),
    },
    {
      handler: 'hostname',
      method: 'GET',
      path: '/hostname',
      credential: 'local',
      answer: () => jsonReply(hostname),
    },
    {
      handler: 'status',
      method: 'GET',
      path: '/status',
      credential: 'local',
      answer: (question) => statusReply(status(), question),
    },
    {
      handler: 'health',
      method: 'GET',
      path: '/status/health',
      credential: 'local',
      answer: () => jsonReply(health()),
    },
    {
      handler: 'leaderStatus',
      method: 'GET',
      path: '/api/v1/leader/status',
      // The request is passed on with the caller's token, and this is the one that all replicas share.
      credential: 'agents',
      isLeaderOnly: true,
      answer: (question) => statusReply({ ...status(), keys: localOnly, recentLog: localOnly }, question),
    },
  ];
}

/** Every node agent holds the token that opens this. */
const localOnly = { unavailable: "told to commands on the leader's own machine only" };

/** JSON, or with `?format=text` what `datadog-cluster-agent status` prints, as newer original agents answer it. */
function statusReply(report: StatusReport, question: Question): Reply {
  return question.query('format').includes('text')
    ? textReply(200, statusText(report).trimEnd())
    : jsonReply(report);
}
