import { messageOf } from '../../core/fault.js';
import { parseCheckConfigs, parseCheckStatus } from './answers.js';
import { type Connection, UnexpectedStatus } from './connection.js';

/** What an agent does with its Cluster Agent only where it is switched on. */
export type Feature = 'clusterchecks' | 'endpointschecks' | 'languagedetection';

export const allFeatures: readonly Feature[] = ['clusterchecks', 'endpointschecks', 'languagedetection'];

/** A call that failed without the agent stopping. */
export interface FailedCall {
  /** Such as `GET api/v1/clusterchecks/configs/node-1`. */
  readonly call: string;
  /** Absent where there was no answer, or one of 200 that was not what was asked for. */
  readonly status?: number;
  readonly why: string;
}

export interface FeatureOptions {
  readonly node: string;
  /** By what name cluster checks are given to the agent. */
  readonly checksId: string;
  readonly features: readonly Feature[];
}

/** One pod of which nothing is known, in protobuf: field 1 of the message, of no length. */
const languages = Uint8Array.of(0x0a, 0x00);

/** The calls of features, each of which may fail. */
export class FeatureCalls {
  readonly #connection: Connection;
  readonly #options: FeatureOptions;
  /** Of the cluster checks, as the Cluster Agent said it last. */
  #lastChange = 0;

  constructor(ports: { readonly connection: Connection }, options: FeatureOptions) {
    this.#connection = ports.connection;
    this.#options = options;
  }

  /** The calls of one minute, and which of them failed. Rejects only when `signal` aborts. */
  async make(signal: AbortSignal): Promise<readonly FailedCall[]> {
    const failed: FailedCall[] = [];
    for (const feature of this.#options.features) failed.push(...(await this.#use(feature, signal)));
    return failed;
  }

  #use(feature: Feature, signal: AbortSignal): Promise<readonly FailedCall[]> {
    switch (feature) {
      case 'clusterchecks':
        return this.#clusterChecks(signal);
      case 'endpointschecks': {
        const path = `api/v1/endpointschecks/configs/${this.#options.node}`;
        return attempt(`GET ${path}`, () => this.#connection.query(path, parseCheckConfigs, signal), signal);
      }
      case 'languagedetection': {
        const path = 'api/v1/languagedetection';
        return attempt(`POST ${path}`, () => this.#connection.post(path, languages, signal), signal);
      }
    }
  }

  /** A heartbeat, then the checks themselves unless it said that they are up to date. */
  async #clusterChecks(signal: AbortSignal): Promise<readonly FailedCall[]> {
    const { checksId } = this.#options;
    let isUpToDate = false;
    const status = `api/v1/clusterchecks/status/${checksId}`;
    const heartbeat = await attempt(
      `POST ${status}`,
      async () => {
        const body = Buffer.from(JSON.stringify({ last_change: this.#lastChange }));
        isUpToDate = await this.#connection.submit(status, body, parseCheckStatus, signal);
      },
      signal,
    );
    if (isUpToDate) return heartbeat;
    const configs = `api/v1/clusterchecks/configs/${checksId}`;
    const fetched = await attempt(
      `GET ${configs}`,
      async () => {
        this.#lastChange = await this.#connection.query(configs, parseCheckConfigs, signal);
      },
      signal,
    );
    return [...heartbeat, ...fetched];
  }
}

async function attempt(
  call: string,
  work: () => Promise<unknown>,
  signal: AbortSignal,
): Promise<readonly FailedCall[]> {
  try {
    await work();
    return [];
  } catch (error: unknown) {
    signal.throwIfAborted();
    const status = error instanceof UnexpectedStatus ? { status: error.status } : {};
    return [{ call, ...status, why: messageOf(error) }];
  }
}
