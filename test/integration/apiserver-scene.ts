import { once } from 'node:events';
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import { Agent, request } from 'node:https';
import type { AuthenticationConfig } from '../../apiserver/connection-trust.js';
import type { HealthCheck } from '../../apiserver/health.js';
import { type ApiServerOptions, createApiServer } from '../../apiserver/server.js';
import { type Clock, systemClock } from '../../core/clock.js';
import type { Fault } from '../../core/fault.js';
import { silentLog } from '../../core/log.js';
import type { MetricId } from '../../core/metric.js';
import { ok, type Result } from '../../core/result.js';
import { createRegistry } from '../../core/telemetry.js';
import type { AccessRequest, User } from '../../core/user.js';
import { TlsListener } from '../../http/listener.js';
import {
  createCertificate,
  createRoot,
  serverAuth,
  type TestCertificate,
} from '../unit/apiserver/certificates.js';
import { TestRecords } from '../unit/apiserver/records.js';

/** The authorities of a scene, made once: keys cost time. */
export const authorities = {
  serving: createRoot('serving-ca'),
  frontProxy: createRoot('front-proxy-ca'),
  client: createRoot('client-ca'),
  stranger: createRoot('stranger-ca'),
};

/** The aggregation layer's own certificate. */
export const frontProxy = createCertificate({
  commonName: 'front-proxy-client',
  issuer: authorities.frontProxy,
});

const serving = createCertificate({
  commonName: 'server',
  issuer: authorities.serving,
  usages: [serverAuth],
  dnsNames: ['localhost'],
});

/** The controller's own headers, as the aggregation layer passes them on. */
export const hpaHeaders = {
  accept: 'application/vnd.kubernetes.protobuf, */*',
  'user-agent': 'kube-controller-manager/v1.36.2 (linux/amd64) kubernetes/98b3519/system:serviceaccount',
  'x-remote-user': 'system:serviceaccount:kube-system:horizontal-pod-autoscaler',
  'x-remote-group': ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
  'x-remote-uid': '56155721-edd1-41ca-ac2a-116755e815f9',
  'x-remote-extra-authentication.kubernetes.io%2fcredential-id': 'JTI=1e6c3ce9-bd22-48f6-9086-8d266ea68fb1',
} as const;

/** A master, as the aggregation layer passes one on. */
export const adminHeaders = { 'x-remote-user': 'admin', 'x-remote-group': 'system:masters' } as const;

/** A response, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Reads a body as JSON. */
export function json(answer: Answer): unknown {
  return JSON.parse(answer.body.toString());
}

/** A running server on loopback and the hands that move its world. */
export class Scene {
  readonly records = new TestRecords();
  readonly wanted = new Set<MetricId>();
  readonly access: { user: User; request: AccessRequest }[] = [];
  readonly tokens: string[] = [];
  readonly registry = createRegistry({ withProcessMetrics: false });
  /** Added to wall time, as an administrator would. */
  wallOffsetMs = 0;
  config: AuthenticationConfig | undefined = configOf('1');
  readiness: HealthCheck[] = [{ name: 'store', ok: true, detail: '' }];
  replica = 'this replica leads';
  mayAccess: (
    user: User,
    request: AccessRequest,
  ) => Promise<Result<{ allowed: boolean; reason: string }, Fault>> = async () =>
    ok({ allowed: true, reason: '' });
  whoIs: (token: string) => Promise<Result<User | undefined, Fault>> = async () => ok(undefined);
  readonly #stop = new AbortController();
  readonly #sessions: ClientHttp2Session[] = [];
  readonly #agents: Agent[] = [];
  #ended: Promise<void> | undefined;
  port = 0;

  async start(options: Partial<ApiServerOptions> = {}): Promise<this> {
    const clock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + this.wallOffsetMs };
    const server = createApiServer(
      {
        records: this.records,
        wanted: { isWanted: (id) => this.wanted.has(id) },
        accessReviewer: {
          allowed: (user, access) => {
            this.access.push({ user, request: access });
            return this.mayAccess(user, access);
          },
        },
        tokenReviewer: {
          whoIs: (token) => {
            this.tokens.push(token);
            return this.whoIs(token);
          },
        },
        authentication: { current: () => this.config },
        replica: { describe: () => this.replica },
        readiness: { checks: () => this.readiness },
        liveness: { checks: () => [] },
        registry: this.registry,
        clock,
        log: silentLog,
      },
      {
        maxAgeMs: 90_000,
        firstRecordWaitMs: 400,
        maxListedMetrics: 3,
        version: {
          gitVersion: 'v0.1.0',
          gitCommit: 'abc',
          buildDate: '',
          compiler: 'node',
          platform: 'linux/amd64',
        },
        ...options,
      },
    );
    const listener = new TlsListener(
      {
        certificate: {
          current: () => ({ certPem: serving.pem, keyPem: serving.keyPem }),
          onChange: () => () => {},
        },
        handler: (incoming, response) => server.handle(incoming, response),
        streamHandler: (incoming, response) => server.handleStream(incoming, response),
        clock: systemClock,
        log: silentLog,
      },
      { name: 'test', host: '127.0.0.1', port: 0, drainMs: 1_000, lingerMs: 10 },
    );
    this.#ended = listener.run(this.#stop.signal);
    while (listener.address() === undefined) await new Promise((resolve) => setImmediate(resolve));
    this.port = listener.address()?.port ?? 0;
    return this;
  }

  /** A new HTTP/2 connection, with the client certificate and whatever intermediates it shows. */
  connect(certificate?: TestCertificate, intermediates: readonly TestCertificate[] = []): ClientHttp2Session {
    const session = connect(`https://localhost:${this.port}`, this.#tls(certificate, intermediates));
    session.on('error', () => {});
    this.#sessions.push(session);
    return session;
  }

  /** One request over a new HTTP/1.1 connection. */
  async http1(
    path: string,
    options: { certificate?: TestCertificate; headers?: object; method?: string } = {},
  ): Promise<Answer> {
    const agent = new Agent({ ...this.#tls(options.certificate, []), ALPNProtocols: ['http/1.1'] });
    this.#agents.push(agent);
    const { method = 'GET', headers = {} } = options;
    const sent = request({
      host: 'localhost',
      port: this.port,
      path,
      method,
      agent,
      headers: { ...headers },
    });
    sent.end();
    const [response] = await once(sent, 'response');
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk);
    return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) };
  }

  /** Puts everything away. */
  async stop(): Promise<void> {
    for (const session of this.#sessions) session.destroy();
    for (const agent of this.#agents) agent.destroy();
    this.#stop.abort();
    await this.#ended;
  }

  #tls(certificate: TestCertificate | undefined, intermediates: readonly TestCertificate[]): object {
    const ca = authorities.serving.pem;
    if (certificate === undefined) return { ca };
    return {
      ca,
      cert: [certificate, ...intermediates].map(({ pem }) => pem).join(''),
      key: certificate.keyPem,
    };
  }
}

/** The configuration of a cluster with both authorities of this file. */
export function configOf(
  revision: string,
  wish: { frontProxyCa?: string; allowedNames?: string[] } = {},
): AuthenticationConfig {
  return {
    clientCaPem: authorities.client.pem,
    requestHeader: {
      caPem: wish.frontProxyCa ?? authorities.frontProxy.pem,
      allowedNames: wish.allowedNames ?? ['front-proxy-client'],
      usernameHeaders: ['X-Remote-User'],
      uidHeaders: ['X-Remote-Uid'],
      groupHeaders: ['X-Remote-Group'],
      extraHeaderPrefixes: ['X-Remote-Extra-'],
    },
    revision,
  };
}

/** One request on an HTTP/2 connection. */
export async function ask(session: ClientHttp2Session, path: string, headers: object = {}): Promise<Answer> {
  const stream = session.request({ ':path': path, ...headers });
  stream.end();
  const [received] = await once(stream, 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return { status: received[':status'], headers: received, body: Buffer.concat(chunks) };
}
