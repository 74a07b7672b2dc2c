import { fail, ok, type Result } from '../../core/result.js';

/** What a node agent is told of its Cluster Agent. */
export interface EndpointSettings {
  /** `cluster_agent.url`; an empty text is none. */
  readonly url?: string;
  /** `cluster_agent.kubernetes_service_name`; `datadog-cluster-agent` where it is left out. */
  readonly serviceName?: string;
}

/**
 * Where the Cluster Agent is, as node agents work it out: the URL that is set, else what Kubernetes puts into the
 * environment for its service. The URL has no path of its own, but keeps one that was set. Errors are the agents' texts.
 */
export function findEndpoint(
  settings: EndpointSettings,
  environment: Readonly<Record<string, string | undefined>>,
): Result<string, string> {
  const { url = '', serviceName = 'datadog-cluster-agent' } = settings;
  if (url !== '') return fromUrl(url);
  if (serviceName === '')
    return fail(
      'cannot get a cluster agent endpoint, both cluster_agent.url and cluster_agent.kubernetes_service_name are empty',
    );
  return fromService(serviceName.toUpperCase().replaceAll('-', '_'), environment);
}

function fromUrl(url: string): Result<string, string> {
  if (url.startsWith('http://')) return fail(`cannot get cluster agent endpoint, not a https scheme: ${url}`);
  const whole = url.includes('://') ? url : `https://${url}`;
  if (!URL.canParse(whole)) return fail(`cannot get cluster agent endpoint, not a URL: ${url}`);
  const scheme = new URL(whole).protocol.slice(0, -1);
  return scheme === 'https'
    ? ok(whole)
    : fail(`cannot get cluster agent endpoint, not a https scheme: ${scheme}`);
}

function fromService(
  service: string,
  environment: Readonly<Record<string, string | undefined>>,
): Result<string, string> {
  const empty = ['HOST', 'PORT']
    .map((what) => `${service}_SERVICE_${what}`)
    .find((name) => (environment[name] ?? '') === '');
  if (empty !== undefined)
    return fail(
      `cannot get a cluster agent endpoint for kubernetes service ${service}, env ${empty} is empty`,
    );
  return fromUrl(`${environment[`${service}_SERVICE_HOST`]}:${environment[`${service}_SERVICE_PORT`]}`);
}
