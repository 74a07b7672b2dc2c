import type { Clock } from '../../core/clock.js';
import { messageOf } from '../../core/fault.js';
import { parsePodTags, parseTextMap, type Texts } from './answers.js';
import { Connection } from './connection.js';
import { oldManners } from './manners.js';
import { type PodName, toPodKey } from './pod-name.js';

export interface OldAgentOptions {
  readonly endpoint: string;
  readonly token: string;
  readonly node: string;
  /** What its kubelet runs. */
  readonly pods: readonly PodName[];
}

/** What one minute taught an agent of 2018. */
export interface OldLearned {
  readonly nodeLabels: Texts;
  /** `kube_service:x` texts by `namespace/pod`; a pod without a service has none, and is there. */
  readonly tags: Readonly<Record<string, readonly string[]>>;
}

const attempts = 10;
const retryMs = 30_000;

/** The node agent of 2018 (6.5), as far as its Cluster Agent sees it. */
export class OldAgent {
  readonly #clock: Clock;
  readonly #options: OldAgentOptions;
  readonly #connection: Connection;
  #hasGivenUp = false;

  constructor(ports: { readonly clock: Clock }, options: OldAgentOptions) {
    const { endpoint, token } = options;
    this.#clock = ports.clock;
    this.#options = options;
    this.#connection = new Connection(ports, { endpoint, token, manners: oldManners });
  }

  get connectionsOpened(): number {
    return this.#connection.connectionsOpened;
  }

  /** Resolves when the Cluster Agent has answered. The tenth failure is final: the agent asks no more, ever. */
  async start(signal: AbortSignal): Promise<void> {
    this.#refuseWhenGivenUp();
    let failure: unknown;
    for (let tries = 0; tries < attempts; tries += 1) {
      if (tries > 0) await this.#clock.sleep(retryMs, signal);
      signal.throwIfAborted();
      try {
        await this.#connection.ready(signal);
        return;
      } catch (error: unknown) {
        failure = error;
      }
    }
    this.#hasGivenUp = true;
    throw new Error(permanent(messageOf(failure)), { cause: failure });
  }

  /** One minute's work. Rejects with the agent's text when a call fails; the next is as good as new. */
  async poll(signal: AbortSignal): Promise<OldLearned> {
    this.#refuseWhenGivenUp();
    const { node, pods } = this.#options;
    const nodeLabels = await this.#connection.query(`api/v1/tags/node/${node}`, parseTextMap, signal);
    const tags: [string, readonly string[]][] = [];
    for (const pod of pods) {
      const path = `api/v1/tags/pod/${node}/${pod.namespace}/${pod.name}`;
      tags.push([toPodKey(pod), await this.#connection.query(path, parsePodTags, signal)]);
    }
    return { nodeLabels, tags: Object.fromEntries(tags) };
  }

  close(): void {
    this.#connection.close();
  }

  #refuseWhenGivenUp(): void {
    if (this.#hasGivenUp) throw new Error(permanent('retry number exceeded'));
  }
}

function permanent(why: string): string {
  return `permanent failure in clusterAgentClient: ${why}`;
}
