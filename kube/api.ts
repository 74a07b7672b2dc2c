import type { Fault } from '../core/fault.js';
import type { Result } from '../core/result.js';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Query parameters; those that are `undefined` are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** What a request carries beside its method and path. */
export interface Call {
  readonly query?: Query;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Default `application/json`; a patch names its kind here. */
  readonly contentType?: string;
  readonly accept?: string;
  /** Default: the client's. */
  readonly timeoutMs?: number;
  /**
   * Whether sending it twice does no harm, so that a connection found dead costs nothing. Default: true for
   * GET only.
   */
  readonly repeatable?: boolean;
}

export interface StreamCall {
  readonly query?: Query;
  /** Media types; default JSON. */
  readonly accept?: string;
  /** What stands for a line that need not be parsed, since what it says is known; `undefined` for any other. */
  readonly inBrief?: (line: string) => unknown;
  /** The longest time without a byte before the stream is given up. */
  readonly silenceMs: number;
}

/** The API server, as the parts of this room see it. */
export interface KubeApi {
  /**
   * One call; the value is the parsed JSON of the answer. Never rejects. Faults: `kube.unreachable` (network,
   * time-out, 429, 5xx), `kube.denied` (401, 403), `kube.not_found`, `kube.conflict`, `kube.gone`,
   * `kube.rejected` (any other 4xx). A message holds method, path and the server's own words.
   */
  request(method: Method, path: string, call: Call, signal: AbortSignal): Promise<Result<unknown, Fault>>;

  /**
   * A GET whose answer is JSON lines without end (a watch). Each step holds the lines that came together; the
   * first is empty and says that the server accepted the call. It ends after the server's orderly end, or
   * after one failed step. Faults: as those of `request`; silence is `kube.unreachable`.
   */
  stream(
    path: string,
    call: StreamCall,
    signal: AbortSignal,
  ): AsyncGenerator<Result<readonly unknown[], Fault>, void, undefined>;
}

/** What a request for a text carries. */
export interface TextCall {
  readonly query?: Query;
  /** Default: the client's. */
  readonly timeoutMs?: number;
  /** Statuses beside 2xx whose text says something, and which are no faults. */
  readonly alsoAnswers: readonly number[];
}

export interface TextAnswer {
  readonly status: number;
  readonly text: string;
}

/** The API server, where it answers in plain text: its probes. */
export interface TextApi {
  /** A GET; never rejects. Faults: as those of `KubeApi.request`, but for the statuses that count as answers. */
  text(path: string, call: TextCall, signal: AbortSignal): Promise<Result<TextAnswer, Fault>>;
}

/** Where a kind of object is served: `/api/v1` or `/apis/<group>/<version>`, and its plural name. */
export interface ResourceKind {
  readonly api: string;
  readonly resource: string;
}

/**
 * The path of a collection, or of one object of it; without a namespace: of all namespaces, or of the
 * cluster's own.
 */
export function resourcePath(
  kind: ResourceKind,
  place: { readonly namespace?: string | undefined; readonly name?: string | undefined },
): string {
  const namespace = place.namespace === undefined ? '' : `/namespaces/${encodeURIComponent(place.namespace)}`;
  const name = place.name === undefined ? '' : `/${encodeURIComponent(place.name)}`;
  return `${kind.api}${namespace}/${kind.resource}${name}`;
}
