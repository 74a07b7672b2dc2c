import type { Registry } from '../core/telemetry.js';
import type { RequestHandler } from './exchanges.js';

/** Answers scrapes: `GET /metrics` in the text format of Prometheus, 404 to all else. */
export function createTelemetryApp(registry: Registry): RequestHandler {
  return (request, response) => {
    if (request.method !== 'GET' || request.url?.split('?', 1)[0] !== '/metrics') {
      response.statusCode = 404;
      response.end('expected GET /metrics\n');
      return;
    }
    registry.metrics().then(
      (text) => {
        response.setHeader('Content-Type', registry.contentType);
        response.end(text);
      },
      () => {
        // A gauge that cannot be sampled is a bug; the scraper must see a failed scrape and not an empty one.
        response.statusCode = 500;
        response.end('the metrics could not be collected\n');
      },
    );
  };
}
