import type { RequestOptions } from 'node:https';
import { type Cluster, KubeConfig, type User } from '@kubernetes/client-node';
import { messageOf } from '../core/fault.js';
import { toText, valueAt } from './json.js';

/** What is shown to the API server, and what it must show. */
export interface Credentials {
  /** Lower-case names: `authorization`, and `impersonate-user` where the kubeconfig says `as`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsMaterial;
}

/** PEM texts, and how the server's certificate is checked. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized: boolean;
}

/**
 * Makes the reader of `KubeTarget.credentials`. The library keeps a token file's content for a minute in each
 * `KubeConfig`, and a plugin's answer for as long as that says; so files get a new one each time, plugins
 * only when asked.
 */
export function readCredentials(cluster: Cluster, user: User): (afresh: boolean) => Promise<Credentials> {
  const hasTokenFile = valueAt(user.authProvider, 'config', 'tokenFile') !== undefined;
  const isPlugin = Boolean(user.exec) || (Boolean(user.authProvider) && !hasTokenFile);
  let kept = configOf(cluster, user);
  return async (afresh) => {
    if (afresh || !isPlugin) kept = configOf(cluster, user);
    const options: RequestOptions = {};
    try {
      await kept.applyToHTTPSOptions(options);
    } catch (error: unknown) {
      throw new Error(describeFailure(user, error));
    }
    const headers = headersOf(options);
    if (hasTokenFile && isTokenless(headers)) throw new Error('the token file is empty');
    return { headers, tls: tlsOf(options) };
  };
}

function configOf(cluster: Cluster, user: User): KubeConfig {
  const config = new KubeConfig();
  config.loadFromClusterAndUser(cluster, user);
  return config;
}

/** A plugin's failure is what it wrote on stderr; it is not repeated, for it may hold anything. */
function describeFailure(user: User, error: unknown): string {
  const path = toText(valueAt(error, 'path'));
  const code = toText(valueAt(error, 'code'));
  if (path !== undefined && code !== undefined) return `cannot read ${path}: ${code}`;
  const command = toText(valueAt(user.exec, 'command'));
  if (command !== undefined)
    return `the credential plugin ${command} failed${code === undefined ? '' : ` (${code})`}; run it by hand to see why`;
  return user.authProvider ? 'the auth-provider of the kubeconfig failed' : messageOf(error);
}

function headersOf(options: RequestOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  if (options.auth) headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (value !== undefined) headers[name.toLowerCase()] = String(value).trim();
  }
  return headers;
}

function isTokenless(headers: Credentials['headers']): boolean {
  return headers['authorization'] === undefined || headers['authorization'] === 'Bearer';
}

function tlsOf(options: RequestOptions): TlsMaterial {
  return {
    ...withText('ca', options.ca),
    ...withText('cert', options.cert),
    ...withText('key', options.key),
    ...withText('servername', options.servername),
    // Only the kubeconfig decides; an environment variable of Node's must not switch verification off.
    rejectUnauthorized: options.rejectUnauthorized ?? true,
  };
}

function withText<K extends string>(name: K, value: unknown): { readonly [P in K]?: string } {
  const text = Buffer.isBuffer(value) ? value.toString('utf8') : toText(value);
  return (text === undefined ? {} : { [name]: text }) as { readonly [P in K]?: string };
}
