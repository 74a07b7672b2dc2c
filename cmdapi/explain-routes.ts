import { jsonReply, textReply } from './reply.js';
import type { Route } from './route.js';

/** Who can tell the road of an HPA's external metrics, as JSON. */
export interface ExplainSource {
  /** Reads the HPA from the API server, within seconds, and asks the leader what only it knows. */
  explain(
    place: { readonly namespace: string; readonly name: string },
    choices: { readonly asksDatadog: boolean },
  ): Promise<Buffer>;
  /** The same of each HPA with a metric that is not well, as one list; the first 20 by their names. */
  troubled(): Promise<Buffer>;
  /** What this replica holds of metrics, by their ids; from memory. */
  held(ids: readonly string[]): Buffer;
}

export interface ExplainPorts {
  /** `undefined` where external metrics are turned off. */
  readonly explainer: ExplainSource | undefined;
}

/** The most metrics that one question names; no HPA has so many. */
const maxIds = 100;

const off = 'external metrics are turned off here (DD_EXTERNAL_METRICS_PROVIDER_ENABLED)';

/** The road of an HPA's metrics, for operators, and the leader's part of it, for the other replicas. */
export function explainRoutes({ explainer }: ExplainPorts): readonly Route[] {
  return [
    {
      handler: 'explainTroubled',
      method: 'GET',
      path: '/api/v1/explain',
      credential: 'local',
      answer: async () =>
        explainer === undefined ? textReply(404, off) : jsonReply(await explainer.troubled()),
    },
    {
      handler: 'explain',
      method: 'GET',
      path: '/api/v1/explain/:namespace/:name',
      credential: 'local',
      answer: async ({ names: { namespace = '', name = '' }, query }) => {
        if (explainer === undefined) return textReply(404, off);
        const asksDatadog = query('query')[0] === 'true';
        return jsonReply(await explainer.explain({ namespace, name }, { asksDatadog }));
      },
    },
    {
      handler: 'leaderMetrics',
      method: 'GET',
      path: '/api/v1/leader/metrics',
      // Replicas ask each other with the token that they share.
      credential: 'agents',
      isLeaderOnly: true,
      answer: ({ query }) =>
        explainer === undefined
          ? textReply(404, off)
          : jsonReply(explainer.held(query('id').slice(0, maxIds))),
    },
  ];
}
