import type { Clock } from '../core/clock.js';
import type { Component, Health } from '../core/component.js';
import type { Logger } from '../core/log.js';
import { type KubeApi, resourcePath } from './api.js';
import type { FollowOptions } from './object-box.js';
import { servedAt } from './reflection.js';
import { Reflector } from './reflector.js';
import { type AuthenticationConfig, type ParsedConfig, parseAuthenticationConfig } from './request-header.js';

export interface AuthenticationConfigPorts {
  readonly client: KubeApi;
  readonly clock: Clock;
  readonly log: Logger;
  /** A number in [0, 1), for jitter. */
  readonly random: () => number;
}

const namespace = 'kube-system';
const name = 'extension-apiserver-authentication';

/**
 * How kube-apiserver makes itself and its users known to servers behind it, kept in step by watching its
 * ConfigMap.
 */
export class AuthenticationConfigWatch implements Component {
  readonly name = 'authentication-config';
  readonly #ports: AuthenticationConfigPorts;
  readonly #reflector: Reflector<ParsedConfig>;
  #current: ParsedConfig | undefined;

  constructor(ports: AuthenticationConfigPorts, options: FollowOptions) {
    this.#ports = ports;
    this.#reflector = new Reflector<ParsedConfig>(
      {
        ...ports,
        reflected: {
          locate: servedAt(resourcePath({ api: '/api/v1', resource: 'configmaps' }, { namespace }), {
            fieldSelector: `metadata.name=${name}`,
          }),
          toItem: parseAuthenticationConfig,
        },
      },
      { ...options, name: `ConfigMap ${namespace}/${name}` },
    );
    this.#reflector.onChange(() => this.#take());
  }

  /**
   * The configuration last seen; `undefined` before the first. It outlives the ConfigMap's deletion, as in
   * Kubernetes' own servers: kube-apiserver writes it anew, and until then nobody would be let in.
   */
  current(): AuthenticationConfig | undefined {
    return this.#current?.config;
  }

  /** Whether the API server has said what there is, be it that there is nothing. */
  hasSynced(): boolean {
    return this.#reflector.hasSynced();
  }

  /** Since the API server was last heard of; `Infinity` before the first look. */
  staleForMs(): number {
    return this.#reflector.staleForMs();
  }

  /** Calls `listener` after the first look and after each change. */
  onChange(listener: () => void): () => void {
    return this.#reflector.onChange(listener);
  }

  health(): Health {
    const health = this.#reflector.health();
    if (health.state !== 'ready' || this.#current !== undefined) return health;
    const detail = `there is no ConfigMap ${namespace}/${name}, so no client certificate can be trusted`;
    return { state: 'degraded', detail };
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#reflector.run(signal);
  }

  #take(): void {
    const found = this.#reflector.items().get(`${namespace}/${name}`);
    if (found === undefined) {
      this.#ports.log.warn(
        {},
        `there is no ConfigMap ${namespace}/${name}; what was known before is used on`,
      );
      return;
    }
    const told = this.#current?.problems ?? [];
    for (const problem of found.problems.filter((each) => !told.includes(each))) {
      this.#ports.log.warn({ problem }, `a field of ConfigMap ${namespace}/${name} cannot be used`);
    }
    this.#current = found;
  }
}
