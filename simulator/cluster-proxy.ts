import { Agent, type Dispatcher } from 'undici';
import { messageOf } from '../core/fault.js';
import type { User } from '../core/user.js';
import type { KeyedCertificate } from './cluster/authorities.js';
import type { GroupVersion } from './cluster/discovery.js';
import { fieldAt, type KubeObject, textAt } from './cluster/object.js';

/** Where a Service's backend listens. */
export interface BackendAddress {
  /** Loopback when left out. */
  readonly host?: string;
  readonly port: number;
}

export interface FrontProxyPorts {
  /** The APIService objects of now. */
  readonly apiServices: () => readonly KubeObject[];
  /** The certificate that proves the proxy to backends. */
  readonly certificate: () => KeyedCertificate;
}

export interface FrontProxyOptions {
  /** By `namespace/service`. */
  readonly backends: Readonly<Record<string, BackendAddress>>;
  /** How long a backend may take; kube-apiserver gives it 60 s. */
  readonly timeoutMs: number;
}

/** A request that the proxy makes in somebody's name. */
export interface ProxyRequest extends GroupVersion {
  /** Path and query, as the client wrote them. */
  readonly url: string;
  readonly user: User;
  /** Headers of the client's that go along, such as accept and user-agent. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface ProxyAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

interface Backend {
  readonly service: string;
  readonly namespace: string;
  readonly caPem: string | undefined;
  readonly isVerified: boolean;
}

/**
 * The way of kube-apiserver's aggregation layer to a backend: TLS verified against the APIService's caBundle for the
 * name `<service>.<namespace>.svc`, the front-proxy certificate, and the caller's identity in X-Remote headers.
 * It speaks HTTP/1.1. Failures are answers (503, plain text), worded as the real layer words them.
 */
export class FrontProxy {
  readonly #ports: FrontProxyPorts;
  readonly #timeoutMs: number;
  readonly #backends: Map<string, BackendAddress>;
  readonly #agents = new Map<string, { readonly trust: string; readonly agent: Agent }>();

  constructor(ports: FrontProxyPorts, options: FrontProxyOptions) {
    this.#ports = ports;
    this.#timeoutMs = options.timeoutMs;
    this.#backends = new Map(Object.entries(options.backends));
  }

  /** Says where the backend of a Service listens from now on. */
  route(namespace: string, service: string, address: BackendAddress): void {
    this.#backends.set(`${namespace}/${service}`, address);
  }

  /** The groups and versions of the APIServices that name a Service. */
  groups(): readonly GroupVersion[] {
    return this.#ports
      .apiServices()
      .filter((one) => fieldAt(one, 'spec', 'service') !== undefined)
      .map((one) => ({
        group: textAt(one, 'spec', 'group') ?? '',
        version: textAt(one, 'spec', 'version') ?? '',
      }));
  }

  /** A GET in the user's name. Rejects only when `signal` aborts. */
  async get(request: ProxyRequest, signal: AbortSignal): Promise<ProxyAnswer> {
    const backend = this.#backendOf(request);
    if (backend === undefined) return plain(404, '404 page not found\n');
    const address = this.#backends.get(`${backend.namespace}/${backend.service}`);
    if (address === undefined) return plain(503, 'service unavailable\n');
    try {
      return await this.#send(request, backend, address, signal);
    } catch (error: unknown) {
      signal.throwIfAborted();
      return plain(503, `error trying to reach service: ${reasonOf(error, address)}\n`);
    }
  }

  /** Closes the connections to the backends. */
  async close(): Promise<void> {
    const agents = [...this.#agents.values()];
    this.#agents.clear();
    await Promise.all(agents.map(({ agent }) => agent.destroy()));
  }

  #backendOf(wanted: GroupVersion): Backend | undefined {
    const object = this.#ports
      .apiServices()
      .find(
        (one) =>
          textAt(one, 'spec', 'group') === wanted.group && textAt(one, 'spec', 'version') === wanted.version,
      );
    const service = textAt(object, 'spec', 'service', 'name');
    const namespace = textAt(object, 'spec', 'service', 'namespace');
    if (service === undefined || namespace === undefined) return undefined;
    const bundle = textAt(object, 'spec', 'caBundle');
    return {
      service,
      namespace,
      caPem: bundle === undefined ? undefined : Buffer.from(bundle, 'base64').toString('utf8'),
      isVerified: fieldAt(object, 'spec', 'insecureSkipTLSVerify') !== true,
    };
  }

  async #send(
    request: ProxyRequest,
    backend: Backend,
    address: BackendAddress,
    signal: AbortSignal,
  ): Promise<ProxyAnswer> {
    const authority = `${address.host ?? '127.0.0.1'}:${address.port}`;
    const answer = await this.#agentFor(backend).request({
      origin: `https://${authority}`,
      path: request.url,
      method: 'GET',
      headers: { ...request.headers, ...forwarded(request, authority), ...remoteUser(request.user) },
      signal,
    });
    const body = new Uint8Array(await answer.body.arrayBuffer());
    return { status: answer.statusCode, ...answerHeaders(answer.headers), body };
  }

  /** One pool of connections for each Service; a new trust begins a new one, as in the real layer. */
  #agentFor(backend: Backend): Agent {
    const key = `${backend.namespace}/${backend.service}`;
    const { certPem, keyPem } = this.#ports.certificate();
    const trust = `${backend.isVerified} ${backend.caPem} ${certPem}`;
    const known = this.#agents.get(key);
    if (known?.trust === trust) return known.agent;
    void known?.agent.close();
    const agent = new Agent({
      headersTimeout: this.#timeoutMs,
      bodyTimeout: this.#timeoutMs,
      connect: {
        cert: certPem,
        key: keyPem,
        ...(backend.caPem === undefined ? {} : { ca: backend.caPem }),
        servername: `${backend.service}.${backend.namespace}.svc`,
        rejectUnauthorized: backend.isVerified,
      },
    });
    this.#agents.set(key, { trust, agent });
    return agent;
  }
}

function plain(status: number, text: string): ProxyAnswer {
  const headers = { 'x-content-type-options': 'nosniff' };
  return { status, contentType: 'text/plain; charset=utf-8', headers, body: Buffer.from(text, 'utf8') };
}

function forwarded(request: ProxyRequest, authority: string): Record<string, string> {
  return {
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-host': authority,
    'x-forwarded-proto': 'https',
    'x-forwarded-uri': request.url.split('?')[0] ?? '',
  };
}

/** Groups are repeated headers, never one joined by commas; extra keys are percent-escaped. */
function remoteUser(user: User): Record<string, string | string[]> {
  const extra = Object.entries(user.extra).map(([key, values]) => [
    `x-remote-extra-${encodeURIComponent(key)}`,
    [...values],
  ]);
  return {
    'x-remote-user': user.name,
    ...(user.uid === undefined ? {} : { 'x-remote-uid': user.uid }),
    ...(user.groups.length === 0 ? {} : { 'x-remote-group': [...user.groups] }),
    ...Object.fromEntries(extra),
  };
}

/** Headers that end at the proxy: it sends a body of its own length over a connection of its own. */
const hopHeaders = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'content-type',
  'date',
]);

function answerHeaders(
  received: Dispatcher.ResponseData['headers'],
): Pick<ProxyAnswer, 'contentType' | 'headers'> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(received)) {
    if (value !== undefined && !hopHeaders.has(name)) headers[name] = [value].flat().join(', ');
  }
  return { contentType: [received['content-type'] ?? 'application/octet-stream'].flat()[0] ?? '', headers };
}

/** The commonest failures in Go's words, so that what a person reads is what a real cluster would say. */
function reasonOf(error: unknown, address: BackendAddress): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const dial = `dial tcp ${address.host ?? '127.0.0.1'}:${address.port}`;
  switch (code) {
    case 'ECONNREFUSED':
      return `${dial}: connect: connection refused`;
    case 'ECONNRESET':
    case 'UND_ERR_SOCKET':
      return 'EOF';
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
      return 'context deadline exceeded';
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
    default:
      return messageOf(error);
  }
}
