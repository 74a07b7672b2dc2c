import { textReply } from './reply.js';
import type { Route } from './route.js';
import type { Credential } from './token.js';

interface Feature {
  /** What the sentence begins with. */
  readonly what: string;
  readonly credential: Credential;
  /** `METHOD /path`, as route patterns. */
  readonly asked: readonly string[];
  /** What to do instead. */
  readonly instead?: string;
}

/** What the original answers and this program does not have. Node agents ask some of it without being told to. */
const features: readonly Feature[] = [
  {
    what: 'cluster checks',
    credential: 'agents',
    asked: ['POST /api/v1/clusterchecks/status/:identifier', 'GET /api/v1/clusterchecks/configs/:identifier'],
    instead: 'run such checks in a node agent of their own',
  },
  {
    what: 'cluster checks',
    credential: 'local',
    asked: [
      'GET /api/v1/clusterchecks',
      'POST /api/v1/clusterchecks/rebalance',
      'POST /api/v1/clusterchecks/isolate/check/:identifier',
    ],
  },
  {
    what: 'endpoints checks',
    credential: 'agents',
    asked: ['GET /api/v1/endpointschecks/configs/:node'],
    instead: 'annotate pods in place of services',
  },
  { what: 'endpoints checks', credential: 'local', asked: ['GET /api/v1/endpointschecks/configs'] },
  { what: 'language detection', credential: 'agents', asked: ['POST /api/v1/languagedetection'] },
  { what: 'local autoscaling fallback', credential: 'agents', asked: ['POST /api/v2/series'] },
  { what: 'node system information', credential: 'agents', asked: ['GET /api/v1/info/node/:node'] },
  {
    what: 'instrumentation checks',
    credential: 'agents',
    asked: ['GET /api/v1/instrumentationchecks/:identifier'],
  },
  {
    what: 'Cloud Foundry metadata',
    credential: 'agents',
    asked: [
      'GET /api/v1/tags/cf/apps/:node',
      'GET /api/v1/cf/apps',
      'GET /api/v1/cf/apps/:app',
      'GET /api/v1/cf/orgs',
      'GET /api/v1/cf/org_quotas',
    ],
  },
  {
    what: 'the API of agents before 6.5',
    credential: 'agents',
    asked: ['GET /api/v1/metadata/:node/:namespace/:pod'],
    instead: 'update the node agents',
  },
  {
    what: 'flares made by a request',
    credential: 'local',
    asked: ['POST /flare'],
    instead: 'run `datadog-cluster-agent flare`, which makes them',
  },
  {
    what: 'being stopped by a request',
    credential: 'local',
    asked: ['POST /stop'],
    instead: 'send SIGTERM, or delete the pod',
  },
  {
    what: 'settings over the API',
    credential: 'local',
    asked: [
      'GET /config',
      'GET /config/by-source',
      'GET /config/list-runtime',
      'GET /config/:setting',
      'POST /config/:setting',
      'GET /config-check',
    ],
    instead: 'run `datadog-cluster-agent config`',
  },
  {
    what: 'the tagger, the workload store and diagnoses',
    credential: 'local',
    asked: [
      'GET /tagger-list',
      'GET /workload-list',
      'GET /autoscaler-list',
      'POST /diagnose',
      'GET /metadata/cluster-agent',
    ],
  },
];

/** Each answers 404 with a text that says what is missing. Node agents note it and go on. */
export function absentRoutes(): readonly Route[] {
  return features.flatMap(({ what, credential, asked, instead }) =>
    asked.map((line): Route => {
      const [method = '', path = ''] = line.split(' ');
      const remedy = instead === undefined ? '' : `; ${instead}`;
      return {
        handler: 'absent',
        method: method === 'POST' ? 'POST' : 'GET',
        path,
        credential,
        answer: () => textReply(404, `${what}: not a feature of this Cluster Agent${remedy}`),
      };
    }),
  );
}
