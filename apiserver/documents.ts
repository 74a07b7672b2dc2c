import Router from '@koa/router';
import type { Context } from 'koa';
import { Fault } from '../core/fault.js';
import type { Registry } from '../core/telemetry.js';
import type { Encoding } from './accept.js';
import { type Answer, toAnswer } from './answer.js';
import {
  aggregatedContentType,
  chooseDiscovery,
  type DiscoveredNames,
  group,
  groupList,
  resourceList,
} from './discovery.js';
import type { Document } from './document.js';
import { contentTypes, encodeText } from './encode.js';
import { type HealthChecks, probeAnswer } from './health.js';
import type { Negotiator } from './negotiator.js';
import { openApiDocuments } from './openapi.js';
import { groupPath, versionPath } from './request-path.js';
import { type VersionInfo, versionDocument } from './version.js';

/** What the documents are made of. */
export interface DocumentPorts {
  readonly names: DiscoveredNames;
  readonly negotiator: Negotiator;
  readonly readiness: HealthChecks;
  readonly liveness: HealthChecks;
  readonly registry: Registry;
}

/** What the router's handlers leave behind for those around them. */
export interface DocumentState {
  /** The word for the document in the process's metrics. */
  handler?: string;
}

/** The name under which the resource list is counted; so is it in the original agent. */
export const resourceListHandler = 'list';

const textual: readonly Encoding[] = ['json', 'yaml'];
const jsonOnly: readonly Encoding[] = ['json'];
const probeNames = ['healthz', 'livez', 'readyz'] as const;

/**
 * Everything that is served besides metrics: discovery, OpenAPI, version, probes and the process's own metrics. All of
 * it comes from memory. Paths count exactly as they are written, case included, since authorization sees them so.
 */
export function createDocumentRouter(ports: DocumentPorts, version: VersionInfo): Router<DocumentState> {
  const router = new Router<DocumentState>({ sensitive: true, strict: true });
  const serve = (
    handler: string,
    path: string,
    answer: (context: Context) => Answer | Promise<Answer>,
  ): void => {
    router.get(path, async (context) => {
      context.state.handler = handler;
      reply(context, await answer(context));
    });
  };
  const object = (make: () => object) => (context: Context) =>
    objectAnswer(ports.negotiator, context, make());

  for (const slash of ['', '/']) {
    serve('discovery', `/apis${slash}`, (context) => groupsAnswer(ports, context));
    serve(
      'discovery',
      `${groupPath}${slash}`,
      object(() => group),
    );
    serve(
      resourceListHandler,
      `${versionPath}${slash}`,
      object(() => resourceList(ports.names.names)),
    );
  }
  const openApi = openApiDocuments();
  const kept = (document: Document) => (context: Context) =>
    openApiAnswer(ports.negotiator, context, document);
  serve('openapi', '/openapi/v2', kept(openApi.v2));
  serve('openapi', '/openapi/v3', kept(openApi.v3));
  serve('openapi', `/openapi/v3${versionPath}`, kept(openApi.v3Group));
  serve(
    'version',
    '/version',
    object(() => versionDocument(version)),
  );
  for (const name of probeNames) {
    const checks = name === 'readyz' ? ports.readiness : ports.liveness;
    serve(name, `/${name}`, (context) => probeAnswer(name, checks.checks(), 'verbose' in context.query));
  }
  serve('metrics', '/metrics', async () =>
    toAnswer(200, ports.registry.contentType, Buffer.from(await ports.registry.metrics())),
  );
  return router;
}

/** Whether a path is served at all, by whatever method. */
export function isServedPath(router: Router<DocumentState>, path: string): boolean {
  return router.match(path, 'GET').route;
}

/** Writes an answer through koa. */
export function reply(context: Context, answer: Answer): void {
  context.status = answer.status;
  for (const [name, value] of Object.entries(answer.headers)) context.set(name, String(value));
  // An empty body would otherwise be taken for status 204.
  context.body = answer.status === 304 ? null : answer.body;
}

function groupsAnswer({ names, negotiator }: DocumentPorts, context: Context): Answer {
  const choice = chooseDiscovery(negotiator.clausesOf(context.req), textual);
  const answer =
    choice === 'aggregated'
      ? documentAnswer(context, names.aggregated, aggregatedContentType)
      : objectAnswer(negotiator, context, groupList);
  return { ...answer, headers: { ...answer.headers, vary: 'Accept' } };
}

function openApiAnswer(negotiator: Negotiator, context: Context, document: Document): Answer {
  if (negotiator.formOf(context.req, jsonOnly, false) === undefined) throw notAcceptable(jsonOnly);
  const answer = documentAnswer(context, document, contentTypes.json);
  return { ...answer, headers: { ...answer.headers, vary: 'Accept' } };
}

/** A document with its tag, or 304 to a client that has it. The tag is compared letter by letter, as Kubernetes does. */
function documentAnswer(context: Context, document: Document, contentType: string): Answer {
  const isHeld = context.get('if-none-match') === document.etag;
  const answer = toAnswer(isHeld ? 304 : 200, contentType, document.body);
  return { ...answer, headers: { ...answer.headers, etag: document.etag, 'cache-control': 'public' } };
}

function objectAnswer(negotiator: Negotiator, context: Context, object: object): Answer {
  const form = negotiator.formOf(context.req, textual, undefined);
  if (form === undefined || form === 'protobuf') throw notAcceptable(textual);
  return toAnswer(200, contentTypes[form], encodeText(object, form));
}

function notAcceptable(offered: readonly Encoding[]): Fault {
  const types = offered.map((encoding) => contentTypes[encoding]).join(', ');
  return new Fault('request.not_acceptable', `only the following media types are accepted: ${types}`);
}
