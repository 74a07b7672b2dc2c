import { invalid } from './api-error.js';
import type { Kind } from './kinds.js';
import { objectAt } from './object.js';

/** The most that the values of one ConfigMap or Secret may hold. */
export const maxDataBytes = 1_048_576;

/** Throws the 422 that a real server gives for a name, a data key or a size that it does not take. */
export function validate(kind: Kind, name: string, object: unknown): void {
  checkName(kind, name);
  if (kind.resource === 'configmaps' || kind.resource === 'secrets') checkData(kind, name, object);
}

const nameExpression = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

function checkName(kind: Kind, name: string): void {
  if (name === '') {
    throw invalid(kind, '', {
      field: 'metadata.name',
      reason: 'FieldValueRequired',
      message: 'Required value: name or generateName is required',
    });
  }
  if (name.length > 253 || !nameExpression.test(name)) {
    throw invalid(kind, name, {
      field: 'metadata.name',
      reason: 'FieldValueInvalid',
      message:
        `Invalid value: "${name}": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, ` +
        "'-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for " +
        "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    });
  }
}

function checkData(kind: Kind, name: string, object: unknown): void {
  let bytes = 0;
  for (const field of ['data', 'binaryData']) {
    for (const [key, value] of Object.entries(objectAt(object, field))) {
      checkKey(kind, name, `${field}[${key}]`, key);
      bytes += sizeOf(kind, field, value);
    }
  }
  if (bytes > maxDataBytes) {
    throw invalid(kind, name, {
      field: kind.resource === 'secrets' ? 'data' : '[]',
      reason: 'FieldValueTooLong',
      message: `Too long: may not be more than ${maxDataBytes} bytes`,
    });
  }
}

function checkKey(kind: Kind, name: string, field: string, key: string): void {
  if (/^[-._a-zA-Z0-9]+$/.test(key) && key.length <= 253 && key !== '.' && !key.startsWith('..')) return;
  throw invalid(kind, name, {
    field,
    reason: 'FieldValueInvalid',
    message:
      `Invalid value: "${key}": a valid config key must consist of alphanumeric characters, '-', '_' or '.' ` +
      "(e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
  });
}

/** Base64 counts as what it stands for: a Secret's data and a ConfigMap's binaryData. */
function sizeOf(kind: Kind, field: string, value: unknown): number {
  const isBase64 = kind.resource === 'secrets' || field === 'binaryData';
  return typeof value === 'string' ? Buffer.byteLength(value, isBase64 ? 'base64' : 'utf8') : 0;
}
