import { Blob } from 'node:buffer';
import { isIP } from 'node:net';
import { type Dispatcher, FormData, request } from 'undici';
import { type Clock, deadline } from '../core/clock.js';
import { messageOf } from '../core/fault.js';
import { fail, ok, type Result } from '../core/result.js';
import { oneLine } from './faults.js';

export interface FlarePorts {
  readonly dispatcher: Dispatcher;
  readonly clock: Clock;
}

/** An archive and for whom it is. */
export interface Flare {
  readonly zip: Buffer;
  readonly fileName: string;
  /** Of an open support case; a new one is made when left out. */
  readonly caseId: string | undefined;
  readonly email: string;
  readonly agentVersion: string;
  readonly hostname: string;
}

export interface FlareTarget {
  /** Scheme and host. */
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly userAgent: string;
}

const timeoutMs = 60_000;
const maxRedirects = 5;

/**
 * Sends a flare to Datadog's support; the value is the number of its case. Redirects are followed first, without the key,
 * and only within the domain of the address that was given. The error is a sentence for people, without the key.
 */
export async function sendFlare(
  ports: FlarePorts,
  flare: Flare,
  target: FlareTarget,
  signal: AbortSignal,
): Promise<Result<string, string>> {
  const bound = deadline(ports.clock, timeoutMs, signal);
  const path = `/support/flare${flare.caseId === undefined ? '' : `/${encodeURIComponent(flare.caseId)}`}`;
  try {
    const resolved = await resolve(ports.dispatcher, `${target.baseUrl}${path}`, bound.signal);
    if (!resolved.ok) return resolved;
    const answer = await request(resolved.value, {
      method: 'POST',
      dispatcher: ports.dispatcher,
      signal: bound.signal,
      headers: { 'dd-api-key': target.apiKey, 'user-agent': target.userAgent },
      body: formOf(flare),
    });
    return readAnswer(new URL(resolved.value).host, answer.statusCode, await answer.body.text());
  } catch (error: unknown) {
    const host = new URL(target.baseUrl).host;
    const why = oneLine(messageOf(error));
    return fail(
      why.includes('no answer within')
        ? `${host} did not take it within ${timeoutMs / 1000} s`
        : `${host} cannot be reached (${why}): check network, proxy (DD_PROXY_HTTPS) and DD_SITE`,
    );
  } finally {
    bound.release();
  }
}

/** A POST is not repeated after a redirect, so where it leads is asked before. */
async function resolve(
  dispatcher: Dispatcher,
  first: string,
  signal: AbortSignal,
): Promise<Result<string, string>> {
  let url = first;
  for (let hops = 0; hops <= maxRedirects; hops += 1) {
    const answer = await request(url, { method: 'HEAD', dispatcher, signal });
    await answer.body.dump();
    const { location } = answer.headers;
    const isRedirect = answer.statusCode >= 300 && answer.statusCode < 400 && typeof location === 'string';
    if (!isRedirect) return ok(url);
    const next = new URL(location, url);
    if (!isTrusted(next, new URL(first)))
      return fail(
        `it is led on to ${next.origin}, which is not of the same domain: not sent; check DD_SITE and DD_URL`,
      );
    url = next.href;
  }
  return fail(`it is led on more than ${maxRedirects} times: not sent`);
}

/** The key goes along: never in the clear after HTTPS, and never to another domain. */
function isTrusted(next: URL, first: URL): boolean {
  if (!/^https?:$/.test(next.protocol)) return false;
  if (first.protocol === 'https:' && next.protocol !== 'https:') return false;
  return domainOf(next.hostname) === domainOf(first.hostname);
}

function domainOf(host: string): string {
  return isIP(host.replaceAll(/[[\]]/g, '')) === 0 ? host.split('.').slice(-2).join('.') : host;
}

function formOf({ zip, fileName, caseId, email, agentVersion, hostname }: Flare): FormData {
  const form = new FormData();
  if (caseId !== undefined) form.append('case_id', caseId);
  form.append('email', email);
  form.append('agent_version', agentVersion);
  form.append('hostname', hostname);
  form.append('flare_file', new Blob([zip], { type: 'application/zip' }), fileName);
  return form;
}

function readAnswer(host: string, status: number, text: string): Result<string, string> {
  const { caseId, error } = parse(text);
  const said = error === '' ? '' : `: ${oneLine(error)}`;
  if (status === 401 || status === 403)
    return fail(`${host} refused the API key (${status}${said}): check DD_API_KEY and DD_SITE`);
  if (status === 413) return fail(`${host} takes no archive of this size (413)`);
  if (status < 200 || status >= 300) return fail(`${host} answered ${status}${said}`);
  if (error !== '') return fail(`${host} did not take it${said}`);
  if (caseId === undefined)
    return fail(
      `${host} answered with something that cannot be read; contact Datadog's support by email, with the file`,
    );
  return ok(caseId);
}

function parse(text: string): { readonly caseId: string | undefined; readonly error: string } {
  try {
    const { case_id: caseId, error } = JSON.parse(text) as {
      readonly case_id?: unknown;
      readonly error?: unknown;
    };
    const isId = typeof caseId === 'number' || (typeof caseId === 'string' && caseId !== '');
    return { caseId: isId ? String(caseId) : undefined, error: typeof error === 'string' ? error : '' };
  } catch {
    // A page of something in between; the status tells more.
    return { caseId: undefined, error: '' };
  }
}
