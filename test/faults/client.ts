import { readFileSync } from 'node:fs';
import { Agent, type RequestOptions, request } from 'node:https';

/** An answer, whatever its status. */
export interface Reply {
  readonly status: number;
  readonly body: string;
}

/** What a request carries beside its path. */
export interface Sending {
  /** JSON. */
  readonly body?: object;
  /** `application/json` where it is left out. */
  readonly contentType?: string;
  readonly timeoutMs?: number;
}

/** How to reach a server and prove who one is. */
export interface Place {
  readonly port: number;
  /** The name in the server's certificate, where it is not 127.0.0.1. */
  readonly servername?: string;
  readonly ca: string;
  readonly credentials:
    | { readonly kind: 'token'; readonly token: string }
    | {
        readonly kind: 'certificate';
        readonly cert: string;
        readonly key: string;
        /** What a proxy says of its caller. */
        readonly headers?: Readonly<Record<string, string | string[]>>;
      };
}

/** A kept-alive HTTPS client for one server on loopback. Its calls reject when there is no answer in time. */
export class Client {
  readonly #options: RequestOptions;
  readonly #agent: Agent;

  constructor({ port, servername, ca, credentials }: Place) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: 8 });
    this.#options = {
      host: '127.0.0.1',
      port,
      ca,
      agent: this.#agent,
      ...(servername === undefined ? {} : { servername }),
      ...(credentials.kind === 'token'
        ? { headers: { authorization: `Bearer ${credentials.token}` } }
        : { cert: credentials.cert, key: credentials.key, headers: { ...credentials.headers } }),
    };
  }

  get(path: string, timeoutMs = 5_000): Promise<Reply> {
    return this.send('GET', path, { timeoutMs });
  }

  send(method: string, path: string, sending: Sending = {}): Promise<Reply> {
    const { body, contentType = 'application/json', timeoutMs = 5_000 } = sending;
    const { headers, ...options } = this.#options;
    const content = body === undefined ? {} : { 'content-type': contentType };
    return new Promise((resolve, reject) => {
      const call = request(
        {
          ...options,
          headers: { ...headers, ...content },
          method,
          path,
          signal: AbortSignal.timeout(timeoutMs),
        },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('end', () =>
            resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
          );
          answer.on('error', reject);
        },
      );
      call.on('error', reject);
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** As `get`, for an answer that must be 200 and JSON. */
  async json(path: string): Promise<unknown> {
    const { status, body } = await this.get(path);
    if (status !== 200) throw new Error(`GET ${path}: ${status} ${body}`);
    return JSON.parse(body);
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** What an API server sends with a request that it passes on, for the HPA controller. */
export const asHpaController: Readonly<Record<string, string | string[]>> = {
  'X-Remote-User': 'system:serviceaccount:kube-system:horizontal-pod-autoscaler',
  'X-Remote-Group': ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
};

export function pem(file: string): string {
  return readFileSync(file, 'utf8');
}
