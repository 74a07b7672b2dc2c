import { Agent, type Dispatcher, request } from 'undici';
import { type ObjectDraft, textAt } from '../../simulator/cluster/object.js';
import { type ClusterOptions, ClusterSimulator } from '../../simulator/cluster.js';

/** An answer, read to its end. `body` is `undefined` where it is no JSON. */
export interface Reply {
  readonly status: number;
  readonly headers: Dispatcher.ResponseData['headers'];
  readonly text: string;
  readonly body: unknown;
}

export interface Ask {
  readonly method?: Dispatcher.HttpMethod;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly token?: string;
  readonly type?: string;
}

/** A stand-in cluster, to be started, with clients that tidy up after themselves. */
export class Site {
  readonly cluster: ClusterSimulator;
  readonly #agents: Agent[] = [];
  readonly #closers: (() => Promise<void>)[] = [];

  constructor(options: ClusterOptions = {}) {
    this.cluster = new ClusterSimulator({}, { namespaces: ['ns'], bookmarkMs: 50, ...options });
  }

  agent(identity: { readonly certPem?: string; readonly keyPem?: string } = {}): Agent {
    const { certPem, keyPem } = identity;
    const client = certPem === undefined || keyPem === undefined ? {} : { cert: certPem, key: keyPem };
    const ca = this.cluster.address.caPem;
    const agent = new Agent({ connect: { ...(ca === '' ? {} : { ca }), ...client } });
    this.#agents.push(agent);
    return agent;
  }

  onClose(close: () => Promise<void>): void {
    this.#closers.push(close);
  }

  async ask(path: string, ask: Ask = {}, agent: Dispatcher = this.#first()): Promise<Reply> {
    const {
      method = 'GET',
      body,
      headers = {},
      token = this.cluster.adminToken,
      type = 'application/json',
    } = ask;
    const answer = await request(this.cluster.address.url + path, {
      dispatcher: agent,
      method,
      headers: {
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': type }),
        ...headers,
      },
      body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await answer.body.text();
    return { status: answer.statusCode, headers: answer.headers, text, body: parseJson(text) };
  }

  async watch(path: string, headers: Record<string, string> = {}): Promise<Watch> {
    const answer = await request(this.cluster.address.url + path, {
      dispatcher: this.#first(),
      headers: { authorization: `Bearer ${this.cluster.adminToken}`, ...headers },
    });
    return new Watch(answer);
  }

  async close(): Promise<void> {
    for (const close of this.#closers) await close();
    await this.cluster.stop();
    await Promise.all(this.#agents.map((agent) => agent.destroy()));
  }

  #first(): Agent {
    return this.#agents[0] ?? this.agent();
  }
}

/** The events of one watch, one by one. */
export class Watch {
  readonly status: number;
  readonly #lines: AsyncGenerator<unknown, void>;

  constructor(answer: Dispatcher.ResponseData) {
    this.status = answer.statusCode;
    this.#lines = linesOf(answer);
  }

  /** The next event; `undefined` when the watch has ended. Rejects when its connection breaks. */
  async next(): Promise<unknown> {
    const { value, done } = await this.#lines.next();
    return done === true ? undefined : value;
  }

  /** `TYPE name` of the next event. */
  async brief(): Promise<string> {
    const event = await this.next();
    return event === undefined
      ? 'end'
      : `${textAt(event, 'type')} ${textAt(event, 'object', 'metadata', 'name') ?? ''}`.trim();
  }
}

async function* linesOf(answer: Dispatcher.ResponseData): AsyncGenerator<unknown, void> {
  let rest = '';
  for await (const chunk of answer.body) {
    rest += String(chunk);
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield parseJson(line);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not every answer is JSON; the tests that want one look at its fields.
    return undefined;
  }
}

/** The ConfigMaps of namespace `ns`. */
export const configMaps = '/api/v1/namespaces/ns/configmaps';

export function configMap(
  name: string,
  data: Record<string, string> = {},
  metadata: object = {},
): ObjectDraft {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'ns', ...metadata }, data };
}
