import { type ApiError, badRequest, expired, tooLargeVersion } from './api-error.js';
import { apiVersionOf } from './kinds.js';
import type { ListOptions } from './list-options.js';
import { type Extent, partialVersion } from './negotiation.js';
import { fieldAt, numberAt, textAt } from './object.js';
import { type Choice, toChoice } from './selection.js';
import type { Table, Version } from './table.js';

const expiredList = 'The resourceVersion for the provided list is too old.';
const expiredPage =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
  'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
  'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
  'deleted between the time the first chunk was returned and now may show up in the list.';

/** A place in a list: what was listed, as of when, and the key to go on after. */
interface Cursor {
  /** -1 means "as it is now": the token that a 410 hands out. */
  readonly revision: number;
  readonly after: string;
}

interface View {
  readonly revision: number;
  readonly after: string;
  readonly versions: readonly Version[];
}

/**
 * One page of a collection as JSON text. All pages of one list show the state of its first page, as long as the
 * history reaches back that far; then the next page is a 410 with a token for the inconsistent rest.
 */
export function listPage(
  table: Table,
  revision: number,
  asked: { readonly namespace: string; readonly options: ListOptions; readonly extent: Extent },
): string {
  const { options, extent } = asked;
  const choice = toChoice(table.kind, { namespace: asked.namespace, ...options });
  const view = toView(table, revision, options);
  // A list from the watch cache ("any version will do") comes whole, whatever the limit.
  const limit = options.revision === 0 && options.continueToken === '' ? 0 : options.limit;
  const page = cut(view, choice, limit);
  const metadata = { resourceVersion: String(view.revision), ...pageMetadata(page, view, options) };
  const head = JSON.stringify({ ...listKind(table, extent), metadata });
  const items = page.versions.map((version) =>
    extent === 'metadata' ? version.metadataJson : version.itemJson,
  );
  return `${head.slice(0, -1)},"items":[${items.join(',')}]}`;
}

function listKind({ kind }: Table, extent: Extent): object {
  return extent === 'metadata'
    ? { kind: 'PartialObjectMetadataList', apiVersion: partialVersion }
    : { kind: `${kind.kind}List`, apiVersion: apiVersionOf(kind) };
}

function toView(table: Table, current: number, options: ListOptions): View {
  if (options.continueToken !== '') return pageView(table, current, options);
  const asked = options.revision ?? 0;
  if (asked > current) throw tooLargeVersion(asked, current);
  if (!options.isExact) return { revision: current, after: '', versions: table.all() };
  if (asked < table.compactedRevision) throw expired(expiredList);
  return { revision: asked, after: '', versions: table.allAt(asked) };
}

function pageView(table: Table, current: number, options: ListOptions): View {
  if (options.revision !== undefined && options.revision !== 0) {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  const cursor = decodeCursor(options.continueToken);
  if (cursor.revision < 0) return { revision: current, after: cursor.after, versions: table.all() };
  if (cursor.revision < table.compactedRevision) {
    throw expired(expiredPage, encodeCursor({ revision: -1, after: cursor.after }));
  }
  return { revision: cursor.revision, after: cursor.after, versions: table.allAt(cursor.revision) };
}

/** The 410 that a fault puts in the place of a page or a whole list. */
export function expiredListing(options: ListOptions): ApiError {
  if (options.continueToken === '') return expired(expiredList);
  const { after } = decodeCursor(options.continueToken);
  return expired(expiredPage, encodeCursor({ revision: -1, after }));
}

interface Page {
  readonly versions: readonly Version[];
  /** How many chosen objects follow the page. */
  readonly remaining: number;
}

function cut(view: View, choice: Choice, limit: number): Page {
  const chosen = view.versions.filter((version) => version.key > view.after && choice(version.object));
  if (limit === 0 || chosen.length <= limit) return { versions: chosen, remaining: 0 };
  return { versions: chosen.slice(0, limit), remaining: chosen.length - limit };
}

function pageMetadata(page: Page, view: View, options: ListOptions): object {
  const last = page.versions.at(-1);
  if (page.remaining === 0 || last === undefined) return {};
  const isWhole = options.labelSelector === '' && options.fieldSelector === '';
  return {
    continue: encodeCursor({ revision: view.revision, after: last.key }),
    // Like a real server, which does not count what a selector would drop.
    ...(isWhole ? { remainingItemCount: page.remaining } : {}),
  };
}

function encodeCursor(cursor: Cursor): string {
  const token = { v: 'meta.k8s.io/v1', rv: cursor.revision, start: cursor.after };
  return Buffer.from(JSON.stringify(token), 'utf8').toString('base64url');
}

function decodeCursor(token: string): Cursor {
  const value = parseJson(Buffer.from(token, 'base64url').toString('utf8'));
  const revision = numberAt(value, 'rv');
  const after = textAt(value, 'start');
  if (fieldAt(value, 'v') !== 'meta.k8s.io/v1' || revision === undefined || after === undefined) {
    throw badRequest('continue key is not valid: illegal base64 data or JSON');
  }
  return { revision, after };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not ours: the caller answers 400.
    return undefined;
  }
}
