import { counter, histogram, type Registry } from '../core/telemetry.js';

/** Requests to the API server, as they are counted. */
export class ApiTraffic {
  readonly #requests;
  readonly #seconds;

  /** @param registry `undefined`: nothing is counted */
  constructor(registry: Registry | undefined) {
    this.#requests = registry && requestCounter(registry);
    this.#seconds = registry && answerSeconds(registry);
  }

  /** @param status `undefined`: there was no answer */
  count(verb: string, status: number | undefined): void {
    this.#requests?.inc({ verb, status: status === undefined ? 'none' : statusClass(status) });
  }

  answered(verb: string, status: number, afterMs: number): void {
    this.#seconds?.observe({ verb, status: statusClass(status) }, afterMs / 1000);
  }
}

function statusClass(status: number): string {
  return `${Math.floor(status / 100)}xx`;
}

function requestCounter(registry: Registry) {
  return counter(
    registry,
    'kube_api_requests_total',
    'Requests to the Kubernetes API server, by verb and by class of the answer (2xx, 4xx, 5xx, or none)',
    ['verb', 'status'],
  );
}

function answerSeconds(registry: Registry) {
  return histogram(
    registry,
    'kube_api_answer_seconds',
    'Seconds until the Kubernetes API server began to answer, by verb and by class of the answer (2xx, 4xx, 5xx)',
    ['verb', 'status'],
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  );
}
