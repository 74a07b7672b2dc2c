import { Fault } from '../core/fault.js';
import { fail, ok, type Result } from '../core/result.js';
import type { KubeApi, TextAnswer, TextApi } from './api.js';
import { toText, valueAt } from './json.js';

/** A part of the control plane, as kube-apiserver found it when it was asked. */
export interface ListedComponent {
  readonly name: string;
  /** Of the condition `Healthy`; `unknown` for whatever is neither True nor False, and where there is none. */
  readonly health: 'healthy' | 'unhealthy' | 'unknown';
  /** The condition's error, else its message; empty where there is neither. */
  readonly message: string;
}

/** What kube-apiserver says of itself. */
export interface Readiness {
  readonly isReady: boolean;
  /** The checks that it is made of, in their order; none where it does not list them. */
  readonly checks: readonly { readonly name: string; readonly passed: boolean }[];
}

/** Each default is the client's. */
export interface ControlPlaneOptions {
  readonly componentsTimeoutMs?: number;
  /** kube-apiserver asks the components when it is asked, and waits 20 s for one that hangs. */
  readonly patientTimeoutMs?: number;
  readonly readinessTimeoutMs?: number;
}

const componentsPath = '/api/v1/componentstatuses';
const readinessPath = '/readyz';

/** Reads the state of the control plane in both ways that kube-apiserver tells it. */
export class ControlPlaneStatus {
  readonly #client: KubeApi & TextApi;
  readonly #options: ControlPlaneOptions;

  constructor(ports: { readonly client: KubeApi & TextApi }, options: ControlPlaneOptions = {}) {
    this.#client = ports.client;
    this.#options = options;
  }

  /**
   * In the order of the server, which is none. Needs the right to list componentstatuses. Faults: the client's.
   *
   * @param patience `long`: until the server has given up components that hang
   */
  async components(
    patience: 'short' | 'long',
    signal: AbortSignal,
  ): Promise<Result<readonly ListedComponent[], Fault>> {
    const { componentsTimeoutMs, patientTimeoutMs } = this.#options;
    const call = bound(patience === 'long' ? patientTimeoutMs : componentsTimeoutMs);
    const answer = await this.#client.request('GET', componentsPath, call, signal);
    return answer.ok ? parseComponents(answer.value) : answer;
  }

  /**
   * Needs the right to get /readyz, which Kubernetes gives to all (`system:public-info-viewer`). An API server that says that
   * it is not ready has answered. Faults: the client's.
   */
  async readiness(signal: AbortSignal): Promise<Result<Readiness, Fault>> {
    const call = {
      ...bound(this.#options.readinessTimeoutMs),
      query: { verbose: 'true' },
      alsoAnswers: [500],
    };
    const answer = await this.#client.text(readinessPath, call, signal);
    return answer.ok ? parseReadiness(answer.value) : answer;
  }
}

function bound(timeoutMs: number | undefined): { readonly timeoutMs?: number } {
  return timeoutMs === undefined ? {} : { timeoutMs };
}

/** A ComponentStatusList → its components; one without a name is left out. */
export function parseComponents(body: unknown): Result<readonly ListedComponent[], Fault> {
  const items = valueAt(body, 'items') ?? [];
  if (valueAt(body, 'kind') !== 'ComponentStatusList' || !Array.isArray(items))
    return fail(garbled(componentsPath, 'no ComponentStatusList'));
  const list: readonly unknown[] = items;
  return ok(list.flatMap((item) => parseComponent(item) ?? []));
}

function parseComponent(item: unknown): ListedComponent | undefined {
  const name = toText(valueAt(item, 'metadata', 'name'));
  if (name === undefined) return undefined;
  const conditions = valueAt(item, 'conditions');
  const all: readonly unknown[] = Array.isArray(conditions) ? conditions : [];
  const healthy = all.find((condition) => valueAt(condition, 'type') === 'Healthy');
  const message = toText(valueAt(healthy, 'error')) ?? toText(valueAt(healthy, 'message')) ?? '';
  return { name, health: toHealth(valueAt(healthy, 'status')), message };
}

function toHealth(status: unknown): ListedComponent['health'] {
  return status === 'True' ? 'healthy' : status === 'False' ? 'unhealthy' : 'unknown';
}

/** The text of `/readyz?verbose`: `[+]name ok`, `[-]name failed: …`, and a last line that says how it ended. */
export function parseReadiness({ status, text }: TextAnswer): Result<Readiness, Fault> {
  const checks = [...text.matchAll(/^\[([+-])\](\S+)/gm)].map(([, sign, name = '']) => ({
    name,
    passed: sign === '+',
  }));
  if (status !== 200) return ok({ isReady: false, checks });
  const isOurs = checks.length > 0 || text.trim() === 'ok';
  return isOurs ? ok({ isReady: true, checks }) : fail(garbled(readinessPath, 'no list of checks'));
}

function garbled(path: string, what: string): Fault {
  return new Fault('kube.unreachable', `GET ${path}: the answer is ${what}; is this the API server?`);
}
