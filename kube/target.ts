import { existsSync, readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { dirname, isAbsolute, join } from 'node:path';
import { type Cluster, KubeConfig, type User } from '@kubernetes/client-node';
import { type Document, parseDocument } from 'yaml';
import { fail, ok, type Result } from '../core/result.js';
import { type Credentials, readCredentials } from './credentials.js';
import { toText, valueAt } from './json.js';

/** One cluster and who we are there. */
export interface KubeTarget {
  /** Scheme, host and port (and a base path, where there is one), with no slash at the end. */
  readonly server: string;
  /** The namespace of the service account or of the kubeconfig's context. */
  readonly namespace: string | undefined;
  /** Where this was learned, for people. */
  readonly source: string;
  /** The kubeconfig's `proxy-url`; no other proxy is ever used for the API server. */
  readonly proxyUrl: string | undefined;
  /**
   * What to show the API server now: files are read anew at each call, a plugin's answer is kept until it
   * expires. `afresh` asks the plugin again. Rejects when a file or plugin fails; the message holds no
   * secret.
   */
  credentials(afresh: boolean): Promise<Credentials>;
}

export interface TargetChoice {
  readonly kubeconfigPath?: string | undefined;
  /** `KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT` are read. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Default: where Kubernetes mounts it. */
  readonly serviceAccountFolder?: string;
}

const mountedFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * The kubeconfig's current context where a path is given, else the pod's own service account; the error is
 * for people.
 */
export function loadKubeTarget(choice: TargetChoice): Result<KubeTarget, string> {
  if (choice.kubeconfigPath !== undefined && choice.kubeconfigPath !== '')
    return fromKubeconfig(choice.kubeconfigPath);
  return fromPod(choice.environment, choice.serviceAccountFolder ?? mountedFolder);
}

function fromPod(environment: TargetChoice['environment'], folder: string): Result<KubeTarget, string> {
  const host = environment['KUBERNETES_SERVICE_HOST'];
  const port = environment['KUBERNETES_SERVICE_PORT'];
  const tokenFile = join(folder, 'token');
  const remedy =
    'Run in a pod with a service account (automountServiceAccountToken), or give the path of a kubeconfig.';
  if (!host || !port) {
    return fail(
      `No cluster to talk to: KUBERNETES_SERVICE_HOST and _PORT are not set, so this is no pod, and no kubeconfig is given. ${remedy}`,
    );
  }
  if (!existsSync(tokenFile))
    return fail(`No cluster to talk to: there is no service account token at ${tokenFile}. ${remedy}`);
  const cluster: Cluster = {
    name: 'in-cluster',
    caFile: join(folder, 'ca.crt'),
    server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    skipTLSVerify: false,
  };
  const namespace = readIfPresent(join(folder, 'namespace'))?.trim();
  return toTarget({
    cluster,
    user: withTokenFile({ name: 'service-account' }, tokenFile),
    namespace,
    source: 'service account',
  });
}

function readIfPresent(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

function fromKubeconfig(path: string): Result<KubeTarget, string> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error: unknown) {
    return fail(`Cannot read the kubeconfig ${path}: ${codeOf(error)}.`);
  }
  const document = parseDocument(text, { prettyErrors: false });
  const problem = document.errors[0];
  // A YAML library's own message quotes the lines around the fault, and those may hold a token.
  if (problem !== undefined)
    return fail(`The kubeconfig ${path} is not YAML: ${problem.code} at character ${problem.pos[0]}.`);
  const loaded = loadConfig(text, { document, folder: dirname(path) });
  if (!loaded.ok) return fail(`The kubeconfig ${path} cannot be used: ${loaded.error}.`);
  const { config, raw } = loaded.value;
  const context = config.getContextObject(config.getCurrentContext());
  if (context === null) return fail(`The kubeconfig ${path} names no current-context that it holds.`);
  const cluster = config.getCluster(context.cluster);
  if (cluster === null)
    return fail(
      `The kubeconfig ${path} holds no cluster "${context.cluster}", which its current context names.`,
    );
  // A context need not name a user, whatever the library's type says.
  const user = toText(context.user) === undefined ? { name: 'nobody' } : config.getUser(context.user);
  if (user === null)
    return fail(`The kubeconfig ${path} holds no user "${context.user}", which its current context names.`);
  const tokenFile = tokenFileOf(raw, user.name, dirname(path));
  return toTarget({
    cluster,
    user: tokenFile === undefined || user.token !== undefined ? user : withTokenFile(user, tokenFile),
    namespace: context.namespace,
    source: `kubeconfig ${path}`,
  });
}

function loadConfig(
  text: string,
  { document, folder }: { readonly document: Document.Parsed; readonly folder: string },
): Result<{ readonly config: KubeConfig; readonly raw: unknown }, string> {
  const config = new KubeConfig();
  try {
    config.loadFromString(text);
    config.makePathsAbsolute(folder);
    return ok({ config, raw: document.toJS() });
  } catch (error: unknown) {
    // The library's complaints about entries ("clusters[0].name is missing") are safe; those of other kinds
    // may quote the file.
    const words =
      error instanceof Error && /^(clusters|users|contexts)\[\d+\][.\w]* is missing$/.test(error.message);
    return fail(words ? error.message : 'it holds no clusters, users and contexts as a kubeconfig does');
  }
}

/** The client library looks for `token-file`; the field's true name is `tokenFile`. */
function tokenFileOf(config: unknown, userName: string, folder: string): string | undefined {
  const users = valueAt(config, 'users');
  if (!Array.isArray(users)) return undefined;
  const entries: readonly unknown[] = users;
  const entry = entries.find((candidate) => valueAt(candidate, 'name') === userName);
  const path = toText(valueAt(entry, 'user', 'tokenFile'));
  return path === undefined || isAbsolute(path) ? path : join(folder, path);
}

function withTokenFile(user: User, tokenFile: string): User {
  return { ...user, authProvider: { name: 'tokenFile', config: { tokenFile } } };
}

interface Parts {
  readonly cluster: Cluster;
  readonly user: User;
  readonly namespace: string | undefined;
  readonly source: string;
}

function toTarget({ cluster, user, namespace, source }: Parts): Result<KubeTarget, string> {
  if (!URL.canParse(cluster.server) || !/^https?:$/.test(new URL(cluster.server).protocol)) {
    return fail(`The server of cluster "${cluster.name}" (${source}) is no URL; expected https://host:port.`);
  }
  if (cluster.server.startsWith('http:') && !cluster.skipTLSVerify) {
    return fail(
      `The server of cluster "${cluster.name}" (${source}) is http; expected https, since credentials would be sent in the clear. ` +
        'Set insecure-skip-tls-verify: true on that cluster if this is meant.',
    );
  }
  const proxyUrl = toText(cluster.proxyUrl);
  if (
    proxyUrl !== undefined &&
    (!URL.canParse(proxyUrl) || !/^(https?|socks5?):$/.test(new URL(proxyUrl).protocol))
  ) {
    return fail(
      `The proxy-url of cluster "${cluster.name}" (${source}) cannot be used; expected http://, https:// or socks5://.`,
    );
  }
  const reader = readCredentials(cluster, user);
  return ok({
    server: cluster.server.replace(/\/+$/, ''),
    namespace: namespace || undefined,
    source,
    proxyUrl,
    credentials: reader,
  });
}

function codeOf(error: unknown): string {
  return toText(valueAt(error, 'code')) ?? 'unknown error';
}
