import { expect } from 'chai';
import { type ExplainSource, explainRoutes } from '../../../cmdapi/explain-routes.js';

/** What the route of a handler answers. */
async function answerOf(
  handler: string,
  explainer: ExplainSource | undefined,
  given: { readonly names?: Record<string, string>; readonly query?: Record<string, readonly string[]> } = {},
) {
  const route = explainRoutes({ explainer }).find((one) => one.handler === handler);
  if (route === undefined) throw new Error(`there is no route ${handler}`);
  const { names = {}, query = {} } = given;
  const reply = await route.answer({ names, query: (parameter) => query[parameter] ?? [] });
  return { status: reply.status, text: String(reply.body) };
}

const echo: ExplainSource = {
  explain: async (place, choices) => Buffer.from(JSON.stringify({ place, choices })),
  troubled: async () => Buffer.from('[]'),
  held: (ids) => Buffer.from(JSON.stringify(ids)),
};

describe('the routes of explain', () => {
  const names = { namespace: 'shop', name: 'web' };

  it('ask Datadog again for the word true alone', async () => {
    for (const [query, asksDatadog] of [
      [{}, false],
      [{ query: ['true'] }, true],
      [{ query: ['1'] }, false],
      [{ query: ['false', 'true'] }, false],
    ] as const) {
      const { status, text } = await answerOf('explain', echo, { names, query });
      expect(status).to.equal(200);
      expect(JSON.parse(text)).to.deep.equal({ place: names, choices: { asksDatadog } });
    }
  });

  it('tell another replica of at most a hundred metrics', async () => {
    const id = Array.from({ length: 150 }, (_, index) => `shop/m${index}?`);
    const { text } = await answerOf('leaderMetrics', echo, { query: { id } });
    expect(JSON.parse(text)).to.deep.equal(id.slice(0, 100));
  });

  it('say that external metrics are turned off, where they are', async () => {
    for (const handler of ['explain', 'explainTroubled', 'leaderMetrics']) {
      const { status, text } = await answerOf(handler, undefined, { names });
      expect(status).to.equal(404);
      expect(text).to.contain('DD_EXTERNAL_METRICS_PROVIDER_ENABLED');
    }
  });
});
