import { noSuchResource } from './api-error.js';
import type { RequestInfo } from './request-info.js';
import { type DocumentAnswer, document } from './resources.js';

/** A component as a test sets it. */
export interface ComponentDraft {
  readonly name: string;
  /** Of the condition `Healthy`; `True` by default. */
  readonly status?: 'True' | 'False' | 'Unknown';
  /** `ok` by default. */
  readonly message?: string;
  readonly error?: string;
}

/** As kube-apiserver lists its checks, abridged. */
const checkNames = ['ping', 'log', 'etcd', 'etcd-readiness', 'informer-sync', 'shutdown'];

/** What the stand-in tells of the control plane: componentstatuses, and the probes of the API server itself. */
export class ControlPlane {
  #components: readonly ComponentDraft[] | undefined = [
    { name: 'scheduler' },
    { name: 'controller-manager' },
    { name: 'etcd-0' },
  ];
  #failing: readonly string[] = [];

  /** What is listed from now on; `undefined`: nothing, as in a cluster that has no componentstatuses (404). */
  setComponents(components: readonly ComponentDraft[] | undefined): void {
    this.#components = components;
  }

  /** Which checks of /readyz fail from now on; none by default. */
  failReadiness(...checks: readonly string[]): void {
    this.#failing = checks;
  }

  /** `undefined` for a path that leads elsewhere. */
  answer({ method, path, query, target }: RequestInfo): DocumentAnswer | undefined {
    const probe = /^\/(healthz|livez|readyz)\/?$/.exec(path)?.[1];
    if (probe !== undefined) return this.#probe(probe, query.has('verbose'));
    const isHere = target?.group === '' && target.version === 'v1' && target.resource === 'componentstatuses';
    return isHere && method === 'GET' ? document(200, this.#list(target.name)) : undefined;
  }

  #list(name: string): object {
    if (this.#components === undefined) throw noSuchResource();
    const items = this.#components.map(toComponentStatus);
    if (name === '') return { kind: 'ComponentStatusList', apiVersion: 'v1', metadata: {}, items };
    const found = items.find(({ metadata }) => metadata.name === name);
    if (found === undefined) throw noSuchResource();
    return { kind: 'ComponentStatus', apiVersion: 'v1', ...found };
  }

  /** Only /readyz fails; an answer that failed lists its checks, whether it was asked to or not. */
  #probe(name: string, isVerbose: boolean): DocumentAnswer {
    const failing = name === 'readyz' ? this.#failing : [];
    const isWell = failing.length === 0;
    const lines = [...new Set([...checkNames, ...failing])].map((check) =>
      failing.includes(check) ? `[-]${check} failed: reason withheld` : `[+]${check} ok`,
    );
    const whole = [...lines, `${name} check ${isWell ? 'passed' : 'failed'}`, ''].join('\n');
    const answer = document(isWell ? 200 : 500, isWell && !isVerbose ? 'ok' : whole);
    return { ...answer, contentType: 'text/plain; charset=utf-8' };
  }
}

function toComponentStatus({ name, status = 'True', message = 'ok', error }: ComponentDraft) {
  const condition = { type: 'Healthy', status, message, ...(error === undefined ? {} : { error }) };
  return { metadata: { name }, conditions: [condition] };
}
