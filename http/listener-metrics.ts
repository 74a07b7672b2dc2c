import type { EventEmitter } from 'node:events';
import { counter, gauge, type Registry } from '../core/telemetry.js';

/** What listeners count, each under its name. Made once per registry and handed to all listeners. */
export type ListenerMetrics = ReturnType<typeof createListenerMetrics>;

export function createListenerMetrics(registry: Registry) {
  return {
    handshakeErrors: counter(registry, 'listener_tls_handshake_errors_total', 'TLS handshakes that failed', [
      'listener',
    ]),
    swaps: counter(registry, 'listener_certificate_swaps_total', 'Serving certificates taken into use', [
      'listener',
    ]),
    notAfterSeconds: gauge(
      registry,
      'listener_certificate_not_after_seconds',
      'End of life of the serving certificate in use, in seconds since the epoch',
      ['listener'],
    ),
    connections: gauge(registry, 'listener_connections', 'Open connections', ['listener']),
    refusedConnections: counter(
      registry,
      'listener_refused_connections_total',
      'Connections closed as they came, because too many were open',
      ['listener'],
    ),
    requestsInFlight: gauge(registry, 'listener_requests_in_flight', 'Requests being answered', ['listener']),
  };
}

/** Keeps the two gauges of `listener` by the events of its server, plain or TLS. */
export function countTraffic(server: EventEmitter, listener: string, metrics: ListenerMetrics): void {
  server.on('connection', (socket: EventEmitter) => {
    metrics.connections.inc({ listener });
    socket.once('close', () => metrics.connections.dec({ listener }));
  });
  server.on('request', (_request: unknown, response: EventEmitter) => {
    metrics.requestsInFlight.inc({ listener });
    response.once('close', () => metrics.requestsInFlight.dec({ listener }));
  });
}
