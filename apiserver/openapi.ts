import { type Document, toDocument } from './document.js';
import { encodeText } from './encode.js';
import { apiGroup, apiVersion, versionPath } from './request-path.js';

const info = { title: 'External metrics from Datadog', version: 'v0' } as const;
const valueName = 'io.k8s.metrics.pkg.apis.external_metrics.v1beta1.ExternalMetricValue';
const listName = `${valueName}List`;
const kindOf = (kind: string): object => ({
  'x-kubernetes-group-version-kind': [{ group: apiGroup, kind, version: apiVersion }],
});
const typeMeta = { apiVersion: { type: 'string' }, kind: { type: 'string' } } as const;

/** The schemas, whose references to each other begin with `prefix`. */
function schemas(prefix: string): object {
  return {
    [valueName]: {
      description: 'The value of an external metric at one instant.',
      type: 'object',
      required: ['metricName', 'metricLabels', 'timestamp', 'value'],
      properties: {
        ...typeMeta,
        metricName: { description: 'The name of the metric.', type: 'string' },
        metricLabels: {
          description: 'Labels that hold of the value.',
          type: 'object',
          additionalProperties: { type: 'string' },
        },
        timestamp: { description: 'The time that the value describes.', type: 'string', format: 'date-time' },
        window: {
          description: 'The seconds before the timestamp over which the value was taken.',
          type: 'integer',
          format: 'int64',
        },
        value: { description: 'The value, a Kubernetes quantity.', type: 'string' },
      },
      ...kindOf('ExternalMetricValue'),
    },
    [listName]: {
      description:
        'The values of an external metric under one selector; this server answers with exactly one.',
      type: 'object',
      required: ['items'],
      properties: {
        ...typeMeta,
        metadata: { type: 'object' },
        items: { type: 'array', items: { $ref: `${prefix}${valueName}` } },
      },
      ...kindOf('ExternalMetricValueList'),
    },
  };
}

const metricPath = `${versionPath}/namespaces/{namespace}/{metric}`;
const operation = {
  description: 'Read the value of an external metric under a label selector.',
  operationId: 'listExternalMetricsV1beta1NamespacedMetric',
  tags: ['externalMetrics_v1beta1'],
  'x-kubernetes-action': 'list',
  'x-kubernetes-group-version-kind': {
    group: apiGroup,
    kind: 'ExternalMetricValueList',
    version: apiVersion,
  },
} as const;
const parameters = [
  { in: 'path', name: 'namespace', required: true, description: 'The namespace of the autoscaler.' },
  { in: 'path', name: 'metric', required: true, description: 'The name of the metric.' },
  { in: 'query', name: 'labelSelector', required: false, description: "The autoscaler's metric selector." },
] as const;
const mediaTypes = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'] as const;
const description = 'OK';

const v2 = {
  swagger: '2.0',
  info,
  paths: {
    [metricPath]: {
      get: {
        ...operation,
        produces: mediaTypes,
        schemes: ['https'],
        responses: {
          200: { description, schema: { $ref: `#/definitions/${listName}` } },
          401: { description: 'Unauthorized' },
        },
      },
      parameters: parameters.map((parameter) => ({ ...parameter, type: 'string', uniqueItems: true })),
    },
  },
  definitions: schemas('#/definitions/'),
};

const schema = { $ref: `#/components/schemas/${listName}` };
const v3 = {
  openapi: '3.0.0',
  info,
  paths: {
    [metricPath]: {
      get: {
        ...operation,
        responses: {
          200: {
            description,
            content: Object.fromEntries(mediaTypes.map((mediaType) => [mediaType, { schema }])),
          },
          401: { description: 'Unauthorized' },
        },
      },
      parameters: parameters.map((parameter) => ({
        ...parameter,
        schema: { type: 'string', uniqueItems: true },
      })),
    },
  },
  components: { schemas: schemas('#/components/schemas/') },
};

/** The OpenAPI documents, which never change: the whole in version 2, the list of groups and this group in version 3. */
export interface OpenApiDocuments {
  readonly v2: Document;
  readonly v3: Document;
  readonly v3Group: Document;
}

/** Makes the documents; equal each time. */
export function openApiDocuments(): OpenApiDocuments {
  const v3Group = toDocument(encodeText(v3, 'json'));
  const serverRelativeURL = `/openapi/v3${versionPath}?hash=${v3Group.hash}`;
  const paths = { [versionPath.slice(1)]: { serverRelativeURL } };
  return { v2: toDocument(encodeText(v2, 'json')), v3: toDocument(encodeText({ paths }, 'json')), v3Group };
}
