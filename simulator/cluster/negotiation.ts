import { notAcceptable, wrongExtent } from './api-error.js';
import type { Kind } from './kinds.js';

/** How much of each object an answer shows: the whole of it, or its metadata alone. */
export type Extent = 'whole' | 'metadata';

/** The apiVersion of `PartialObjectMetadata`, the form in which metadata goes alone. */
export const partialVersion = 'meta.k8s.io/v1';

/** The only media type of bodies here. */
const served = 'application/json';

/** One of the answers that a client would take. */
interface Alternative {
  readonly mediaType: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * The extent that an Accept header asks for. Its alternatives are tried in the order in which they stand, whatever
 * their `q`. Throws a 406 where none of them fits, and where the one that fits is for a list and the answer is none,
 * or the other way round.
 */
export function toExtent(accept: string, verb: 'get' | 'list' | 'watch', kind: Kind): Extent {
  const alternatives = accept.split(',').map(toAlternative);
  const chosen = alternatives.find((alternative) => isServed(alternative));
  if (chosen === undefined) {
    // Who asks for another encoding of whole objects gets JSON, the only one there is; another shape is refused.
    if (alternatives.some(({ parameters }) => parameters.has('as'))) throw notAcceptable([served]);
    return 'whole';
  }
  const shape = chosen.parameters.get('as');
  if (shape === undefined) return 'whole';
  if ((shape === 'PartialObjectMetadataList') === (verb === 'list')) return 'metadata';
  // A real server cannot make a list of an event either, and then shows the event's object as it is.
  if (verb === 'watch') return 'whole';
  throw wrongExtent(kind, shape);
}

function toAlternative(text: string): Alternative {
  const [mediaType = '', ...parameters] = text.split(';').map((part) => part.trim());
  const entries = parameters.map((parameter): [string, string] => {
    const [name = '', value = ''] = parameter.split('=');
    return [name.trim(), value.trim()];
  });
  return { mediaType: mediaType.toLowerCase(), parameters: new Map(entries) };
}

function isServed({ mediaType, parameters }: Alternative): boolean {
  if (mediaType !== served && mediaType !== 'application/*' && mediaType !== '*/*') return false;
  const shape = parameters.get('as');
  if (shape === undefined) return true;
  const isPartial = shape === 'PartialObjectMetadata' || shape === 'PartialObjectMetadataList';
  return isPartial && `${parameters.get('g')}/${parameters.get('v')}` === partialVersion;
}
