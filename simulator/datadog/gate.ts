import type { Violation } from './call-log.js';
import { queryPath } from './faults.js';
import { Recent } from './recent.js';
import { proxyPage, type Reply, refuse } from './reply.js';
import type { Request } from './request.js';

/** Which keys open the stand-in; a list left out accepts any key that is not empty. */
export interface AcceptedKeys {
  readonly apiKeys?: readonly string[];
  readonly applicationKeys?: readonly string[];
}

/** What no request may exceed. */
export interface GateLimits {
  readonly maxUrlLength: number;
  readonly maxQueries: number;
}

const methods: Readonly<Record<string, 'GET' | 'POST'>> = {
  [queryPath]: 'GET',
  '/api/v1/validate': 'GET',
  '/api/v1/events': 'POST',
  '/api/v1/check_run': 'POST',
  '/api/v1/series': 'POST',
};

const keyParameters = ['api_key', 'application_key', 'app_key', 'apikey', 'dd-api-key', 'dd-application-key'];

/** Keeps out what the real service refuses before it looks at what is asked, and notes what no correct client does. */
export class Gate {
  readonly #limits: GateLimits;
  readonly #violations: Recent<Violation>;
  #keys: AcceptedKeys;

  constructor(options: {
    readonly limits: GateLimits;
    readonly keys: AcceptedKeys;
    readonly maxRecords: number;
  }) {
    this.#limits = options.limits;
    this.#keys = options.keys;
    this.#violations = new Recent(options.maxRecords);
  }

  get violations(): readonly Violation[] {
    return this.#violations.list;
  }

  clearViolations(): void {
    this.#violations.clear();
  }

  acceptKeys(keys: AcceptedKeys): void {
    this.#keys = keys;
  }

  /** Notes each violation of a request, whatever its answer will be. */
  judge({ call, params }: Request): void {
    const { maxUrlLength, maxQueries } = this.#limits;
    const { path, urlLength, queries } = call;
    const add = (kind: Violation['kind'], detail: string): void =>
      this.#violations.add({ kind, path, detail });
    if (hasKeyIn(params)) add('keyInUrl', 'a key stands in the query string; it belongs in a header');
    if (urlLength > maxUrlLength) add('urlTooLong', `${urlLength} characters, at most ${maxUrlLength}`);
    if (queries.length > maxQueries)
      add('tooManyQueries', `${queries.length} queries, at most ${maxQueries}`);
  }

  /** Why a request goes no further, or `undefined`. */
  refusal(request: Request): Reply | undefined {
    const { path, method, urlLength, queries } = request.call;
    if (urlLength > this.#limits.maxUrlLength) return proxyPage(414, 'Request-URI Too Large');
    if (!Object.hasOwn(methods, path)) return refuse(404, 'Not found');
    if (methods[path] !== method) return refuse(405, 'Method not allowed');
    if (request.apiKey === '' && path === '/api/v1/validate') return refuse(403, 'API key required');
    if (hasKeyIn(request.params) || !this.#isOpenTo(request)) return refuse(403, 'Forbidden');
    const { maxQueries } = this.#limits;
    if (queries.length <= maxQueries) return undefined;
    return refuse(
      400,
      `Too many queries in one request: ${queries.length}, at most ${maxQueries} are allowed`,
    );
  }

  /** Only reading metrics takes an application key. */
  #isOpenTo({ call, apiKey, applicationKey }: Request): boolean {
    const { apiKeys, applicationKeys } = this.#keys;
    return (
      isAccepted(apiKey, apiKeys) && (call.path !== queryPath || isAccepted(applicationKey, applicationKeys))
    );
  }
}

function hasKeyIn(params: URLSearchParams): boolean {
  return keyParameters.some((name) => params.has(name));
}

function isAccepted(key: string, accepted: readonly string[] | undefined): boolean {
  return key !== '' && (accepted === undefined || accepted.includes(key));
}
