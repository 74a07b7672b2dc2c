import { Agent, request } from 'undici';
import { service } from './service.js';

export interface Answer {
  readonly status: number;
  /** Of the one item, if there is one. */
  readonly value: string | undefined;
  /** Of a `metav1.Status`, if it is one. */
  readonly message: string | undefined;
  readonly reason: string | undefined;
  readonly body: string;
}

/** Asks one replica over verified TLS and one kept-alive connection, with a bearer token. */
export class DirectClient {
  readonly #agent: Agent;
  readonly #origin: string;
  readonly #token: string;

  constructor(options: { readonly port: number; readonly caPem: string; readonly token: string }) {
    const servername = `${service.name}.${service.namespace}.svc`;
    this.#agent = new Agent({ connect: { ca: options.caPem, servername }, connections: 1, pipelining: 1 });
    this.#origin = `https://127.0.0.1:${options.port}`;
    this.#token = options.token;
  }

  metric(namespace: string, name: string, labelSelector?: string): Promise<Answer> {
    const query = labelSelector === undefined ? '' : `?${new URLSearchParams({ labelSelector }).toString()}`;
    return this.get(`/apis/external.metrics.k8s.io/v1beta1/namespaces/${namespace}/${name}${query}`);
  }

  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const answer = await request(`${this.#origin}${path}`, {
      dispatcher: this.#agent,
      headers: { authorization: `Bearer ${this.#token}`, ...headers },
    });
    const body = await answer.body.text();
    const json = parse(body);
    const [item] = json.items ?? [];
    return {
      status: answer.statusCode,
      value: item?.value,
      message: json.message,
      reason: json.reason,
      body,
    };
  }

  close(): void {
    void this.#agent.destroy();
  }
}

interface KubernetesBody {
  readonly items?: readonly { readonly value?: string }[];
  readonly message?: string;
  readonly reason?: string;
}

function parse(body: string): KubernetesBody {
  try {
    return JSON.parse(body) as KubernetesBody;
  } catch {
    // Probes answer in plain text.
    return {};
  }
}
