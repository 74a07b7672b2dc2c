import type { X509Certificate } from 'node:crypto';

/** What a certificate says about its use that `X509Certificate` does not tell. */
export interface CertificateFacts {
  /** How many further authorities may stand below this one; no bound when `undefined`. */
  readonly maxPathLength: number | undefined;
  /** Dotted identifiers of extensions that must be understood and are not. */
  readonly unknownCritical: readonly string[];
  /** Dotted identifier of the algorithm that it was signed with. */
  readonly signatureAlgorithm: string;
}

const basicConstraints = '2.5.29.19';

/** Understood by us or by OpenSSL's `checkIssued`: key usage, alternative names, basic constraints, extended key usage. */
const understood: ReadonlySet<string> = new Set(['2.5.29.15', '2.5.29.17', basicConstraints, '2.5.29.37']);

/** Reads the facts out of a certificate's DER (X.690, RFC 5280). A malformed one is a `RangeError`. */
export function factsOf(certificate: X509Certificate): CertificateFacts {
  const [body, algorithm] = childrenOf(onlyElement(certificate.raw));
  const extensions = extensionsOf(body);
  const constraints = extensions.find((extension) => extension.id === basicConstraints);
  return {
    maxPathLength: constraints === undefined ? undefined : pathLengthOf(constraints.value),
    unknownCritical: extensions
      .filter(({ id, isCritical }) => isCritical && !understood.has(id))
      .map(({ id }) => id),
    signatureAlgorithm: identifierOf(algorithm === undefined ? undefined : childrenOf(algorithm)[0]),
  };
}

interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
}

interface Extension {
  readonly id: string;
  readonly isCritical: boolean;
  readonly value: Uint8Array;
}

const tags = { boolean: 0x01, integer: 0x02, octetString: 0x04, identifier: 0x06, extensions: 0xa3 } as const;

/** The body's last part, `[3] EXPLICIT SEQUENCE OF Extension`; certificates before version 3 have none. */
function extensionsOf(body: Element | undefined): Extension[] {
  const wrapper =
    body === undefined ? undefined : childrenOf(body).find((part) => part.tag === tags.extensions);
  return wrapper === undefined ? [] : childrenOf(onlyElement(wrapper.content)).map(toExtension);
}

function toExtension(element: Element): Extension {
  const parts = childrenOf(element);
  const critical = parts.find((part) => part.tag === tags.boolean);
  const value = parts.find((part) => part.tag === tags.octetString);
  if (value === undefined) throw new RangeError('an extension of the certificate has no value');
  return {
    id: identifierOf(parts[0]),
    isCritical: critical !== undefined && critical.content[0] !== 0,
    value: value.content,
  };
}

/** `SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER OPTIONAL }` */
function pathLengthOf(constraints: Uint8Array): number | undefined {
  const length = childrenOf(onlyElement(constraints)).find((part) => part.tag === tags.integer);
  return length?.content.reduce((sum, byte) => sum * 256 + byte, 0);
}

function identifierOf(element: Element | undefined): string {
  if (element?.tag !== tags.identifier)
    throw new RangeError('expected an object identifier in the certificate');
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of element.content) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0;
    }
  }
  const [first = 0, ...rest] = arcs;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - root * 40, ...rest].join('.');
}

function onlyElement(bytes: Uint8Array): Element {
  const [element] = elementsOf(bytes);
  if (element === undefined) throw new RangeError('the certificate ends where an element was expected');
  return element;
}

function childrenOf(element: Element): Element[] {
  return elementsOf(element.content);
}

function elementsOf(bytes: Uint8Array): Element[] {
  const elements: Element[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = bytes[at] ?? 0;
    const { length, start } = lengthAt(bytes, at + 1);
    if (start + length > bytes.length)
      throw new RangeError('an element of the certificate reaches beyond its end');
    elements.push({ tag, content: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return elements;
}

function lengthAt(bytes: Uint8Array, at: number): { readonly length: number; readonly start: number } {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return { length: first, start: at + 1 };
  const size = first & 0x7f;
  if (size === 0 || size > 4) throw new RangeError('an element of the certificate has an unreadable length');
  const length = bytes.subarray(at + 1, at + 1 + size).reduce((sum, byte) => sum * 256 + byte, 0);
  return { length, start: at + 1 + size };
}
