import forge from 'node-forge';

/** One ASN.1 value, to be put into others and encoded at last. */
export type Der = forge.asn1.Asn1;

const { Class, Type, create } = forge.asn1;

export function sequence(...items: readonly Der[]): Der {
  return create(Class.UNIVERSAL, Type.SEQUENCE, true, [...items]);
}

export function set(...items: readonly Der[]): Der {
  return create(Class.UNIVERSAL, Type.SET, true, [...items]);
}

export function oid(dotted: string): Der {
  return create(Class.UNIVERSAL, Type.OID, false, forge.asn1.oidToDer(dotted).getBytes());
}

/** @param hex an even number of hexadecimal digits, two's complement, most significant first */
export function integer(hex: string): Der {
  return create(Class.UNIVERSAL, Type.INTEGER, false, Buffer.from(hex, 'hex').toString('latin1'));
}

export function trueValue(): Der {
  return create(Class.UNIVERSAL, Type.BOOLEAN, false, '\xff');
}

export function octets(content: Buffer): Der {
  return create(Class.UNIVERSAL, Type.OCTETSTRING, false, content.toString('latin1'));
}

/** @param unusedBits how many of the lowest bits of the last byte do not count */
export function bits(content: Buffer, unusedBits = 0): Der {
  return create(
    Class.UNIVERSAL,
    Type.BITSTRING,
    false,
    String.fromCharCode(unusedBits) + content.toString('latin1'),
  );
}

export function utf8(text: string): Der {
  return create(Class.UNIVERSAL, Type.UTF8, false, Buffer.from(text).toString('latin1'));
}

/** An instant, to the second, in the form that RFC 5280 §4.1.2.5 demands: two digits of the year until 2049, four after. */
export function time(atMs: number): Der {
  const date = new Date(atMs);
  return date.getUTCFullYear() < 2050
    ? create(Class.UNIVERSAL, Type.UTCTIME, false, forge.asn1.dateToUtcTime(date))
    : create(Class.UNIVERSAL, Type.GENERALIZEDTIME, false, forge.asn1.dateToGeneralizedTime(date));
}

/** A value inside the context tag `[number]`. */
export function explicit(number: number, item: Der): Der {
  return create(Class.CONTEXT_SPECIFIC, number, true, [item]);
}

/** A primitive value whose own tag is replaced by `[number]`. */
export function implicit(number: number, content: Buffer): Der {
  return create(Class.CONTEXT_SPECIFIC, number, false, content.toString('latin1'));
}

/** As the library has it; its published types know only an older second parameter. */
type FromDer = (bytes: string, options: { readonly decodeBitStrings: boolean }) => Der;

/**
 * Throws when `content` is not DER. A BIT STRING is left as it is: by default the library takes it for nested values
 * whenever its bytes happen to read as such, which one public key in some 250 does.
 */
export function parseDer(content: Buffer): Der {
  const fromDer = forge.asn1.fromDer as unknown as FromDer;
  return fromDer(content.toString('latin1'), { decodeBitStrings: false });
}

export function encodeDer(value: Der): Buffer {
  return Buffer.from(forge.asn1.toDer(value).getBytes(), 'latin1');
}

/** The values inside a SEQUENCE or SET. Throws for any other value: that is a bug in our reading of its structure. */
export function itemsOf(value: Der): readonly Der[] {
  if (typeof value.value === 'string') throw new Error('expected a constructed ASN.1 value');
  return value.value;
}
