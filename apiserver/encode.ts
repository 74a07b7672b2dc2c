import { stringify } from 'yaml';
import { bytesField, integerField, messageField, textField } from './protobuf.js';
import type { Status, StatusDetails } from './status.js';
import type { ExternalMetricValue, ExternalMetricValueList } from './value-list.js';

/** The forms in which an object is written: the encodings of `Accept`, and JSON for a person's eyes. */
export const forms = ['json', 'pretty', 'yaml', 'protobuf'] as const;
/** One of `forms`. */
export type Form = (typeof forms)[number];

/** The media type of each form. */
export const contentTypes: Readonly<Record<Form, string>> = {
  json: 'application/json',
  pretty: 'application/json',
  yaml: 'application/yaml',
  protobuf: 'application/vnd.kubernetes.protobuf',
};

/** The objects that exist in protobuf as well as in JSON. */
export type Encodable = ExternalMetricValueList | Status;

/** An object as bytes. */
export function encode(object: Encodable, form: Form): Buffer {
  return form === 'protobuf' ? encodeProtobuf(object) : encodeText(object, form);
}

/** Any object as JSON or YAML, ending in a line break as Kubernetes ends it. */
export function encodeText(object: object, form: Exclude<Form, 'protobuf'>): Buffer {
  switch (form) {
    case 'json':
      return Buffer.from(`${JSON.stringify(object)}\n`);
    case 'pretty':
      return Buffer.from(`${JSON.stringify(object, undefined, 2)}\n`);
    case 'yaml':
      // Quoted so that readers of YAML 1.1, which see times and booleans in more texts, read texts too.
      return Buffer.from(stringify(object, { version: '1.1' }));
  }
}

/** Precedes every object that Kubernetes writes in protobuf. */
const magic = Buffer.from('k8s\0', 'latin1');

/** The envelope of k8s.io/apimachinery (`runtime.Unknown`): the type in typeMeta = 1, the object in raw = 2. */
function encodeProtobuf(object: Encodable): Buffer {
  const typeMeta = messageField(1, textField(1, object.apiVersion), textField(2, object.kind));
  const raw = object.kind === 'Status' ? encodeStatus(object) : encodeValueList(object);
  return Buffer.concat([magic, typeMeta, bytesField(2, raw), textField(3, ''), textField(4, '')]);
}

const emptyListMeta = 1;

function encodeValueList(list: ExternalMetricValueList): Buffer {
  return Buffer.concat([
    messageField(emptyListMeta),
    ...list.items.map((item) => messageField(2, ...valueFields(item))),
  ]);
}

function valueFields(item: ExternalMetricValue): Buffer[] {
  const labels = Object.entries(item.metricLabels).map(([key, value]) =>
    messageField(2, textField(1, key), textField(2, value)),
  );
  const seconds = Date.parse(item.timestamp) / 1000;
  return [
    textField(1, item.metricName),
    ...labels,
    messageField(3, integerField(1, seconds), integerField(2, 0)),
    messageField(5, textField(1, item.value)),
  ];
}

function encodeStatus(status: Status): Buffer {
  return Buffer.concat([
    messageField(emptyListMeta),
    textField(2, status.status),
    textField(3, status.message),
    textField(4, status.reason),
    ...(status.details === undefined ? [] : [messageField(5, ...detailFields(status.details))]),
    integerField(6, status.code),
  ]);
}

function detailFields(details: StatusDetails): Buffer[] {
  const causes = (details.causes ?? []).map((cause) =>
    messageField(4, textField(1, cause.reason), textField(2, cause.message)),
  );
  return [textField(1, details.name), textField(2, details.group), textField(3, details.kind), ...causes];
}
