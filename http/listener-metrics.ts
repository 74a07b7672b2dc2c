import { counter, gauge, type Registry, readGauge } from '../core/telemetry.js';

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
    refusedConnections: counter(
      registry,
      'listener_refused_connections_total',
      'Connections closed as they came, because too many were open',
      ['listener'],
    ),
    follow: followTraffic(registry),
  };
}

/** What is open at a listener now. */
interface OpenTraffic {
  readonly openConnections: number;
  readonly openRequests: number;
}

/** Gauges of what is open at each listener that is followed, read when somebody asks, so that a request costs nothing. */
function followTraffic(registry: Registry): (listener: string, traffic: OpenTraffic) => void {
  const followed = new Map<string, OpenTraffic>();
  const read = (figure: (traffic: OpenTraffic) => number) => (): Readonly<Record<string, number>> =>
    Object.fromEntries([...followed].map(([listener, traffic]) => [listener, figure(traffic)]));
  const label = 'listener';
  readGauge(
    registry,
    { name: 'listener_connections', help: 'Open connections', label },
    read(({ openConnections }) => openConnections),
  );
  readGauge(
    registry,
    { name: 'listener_requests_in_flight', help: 'Requests being answered', label },
    read(({ openRequests }) => openRequests),
  );
  return (listener, traffic) => void followed.set(listener, traffic);
}
