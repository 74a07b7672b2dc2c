import type { Registry } from '../core/telemetry.js';
import type { RequestHandler, Response } from './exchanges.js';
import type { ProcessVars } from './process-vars.js';

export interface TelemetryAppPorts {
  readonly registry: Registry;
  readonly vars: Pick<ProcessVars, 'read'>;
}

/** Answers scrapes: `GET /metrics` in the text format of Prometheus, `GET /debug/vars` as JSON, 404 to all else. */
export function createTelemetryApp({ registry, vars }: TelemetryAppPorts): RequestHandler {
  return (request, response) => {
    const path = request.method === 'GET' ? request.url?.split('?', 1)[0] : undefined;
    switch (path) {
      case '/metrics':
        return answer(response, registry.contentType, registry.metrics());
      case '/debug/vars':
        return answer(
          response,
          'application/json',
          vars.read().then((read) => `${JSON.stringify(read, undefined, 2)}\n`),
        );
      default:
        response.statusCode = 404;
        response.end('expected GET /metrics or GET /debug/vars\n');
    }
  };
}

function answer(response: Response, contentType: string, content: Promise<string>): void {
  content.then(
    (text) => {
      response.setHeader('Content-Type', contentType);
      response.end(text);
    },
    () => {
      // A gauge that cannot be sampled is a bug; the scraper must see a failed scrape and not an empty one.
      response.statusCode = 500;
      response.end('the metrics could not be collected\n');
    },
  );
}
