import type { Health } from '../core/component.js';
import type { RequestHandler } from './exchanges.js';

/** What is asked for its health: any component. */
export interface HealthCheck {
  readonly name: string;
  health(): Health;
}

/** `live`: does only a restart help? `ready`: should this replica get traffic? `startup`: has it come up? */
export type Probe = 'live' | 'ready' | 'startup';

/** The answer to a probe, in the words of the original agent; `Details` is an addition of ours. */
export interface HealthReport {
  readonly Healthy: readonly string[];
  readonly Unhealthy: readonly string[];
  /** By name: how each component is that is not simply ready. */
  readonly Details: Readonly<Record<string, string>>;
}

/** The probe that a path asks for. Unknown paths ask whether the process lives, as in the original. */
export function probeOf(path: string): Probe {
  switch (path) {
    case '/ready':
    case '/readyz':
      return 'ready';
    case '/startup':
    case '/startupz':
      return 'startup';
    default:
      return 'live';
  }
}

/** Judges all checks for one probe. The probe passes when `Unhealthy` is empty. */
export function reportHealth(probe: Probe, checks: readonly HealthCheck[]): HealthReport {
  const found = checks.map((check) => ({ name: check.name, health: askHealth(check) }));
  const names = (isWanted: boolean): string[] =>
    found.filter(({ health }) => passes(probe, health) === isWanted).map(({ name }) => name);
  const details = found.flatMap(({ name, health }) =>
    health.state === 'ready' ? [] : [[name, `${health.state}: ${health.detail}`]],
  );
  return { Healthy: names(true), Unhealthy: names(false), Details: Object.fromEntries(details) };
}

/** Answers the probes of a kubelet and of people, always from memory. */
export function createHealthApp(checks: readonly HealthCheck[]): RequestHandler {
  return (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.statusCode = 405;
      response.setHeader('Allow', 'GET, HEAD');
      response.end();
      return;
    }
    const report = reportHealth(probeOf((request.url ?? '/').split('?', 1)[0] ?? '/'), checks);
    const body = Buffer.from(`${JSON.stringify(report)}\n`);
    response.statusCode = report.Unhealthy.length === 0 ? 200 : 500;
    response.setHeader('Content-Type', 'application/json');
    response.setHeader('Content-Length', body.length);
    response.setHeader('Cache-Control', 'no-store');
    // Node leaves the body out by itself where HEAD is asked.
    response.end(body);
  };
}

function passes(probe: Probe, health: Health): boolean {
  switch (health.state) {
    case 'ready':
    case 'degraded':
      return true;
    case 'starting':
      return probe === 'live';
    case 'unready':
      return probe !== 'ready';
    case 'stuck':
      return false;
  }
}

/** A component that cannot even say how it is has a bug that only a restart may cure. */
function askHealth(check: HealthCheck): Health {
  try {
    return check.health();
  } catch (error: unknown) {
    return { state: 'stuck', detail: `its health could not be asked: ${String(error)}` };
  }
}
