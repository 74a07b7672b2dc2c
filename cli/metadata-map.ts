import { compareKeys, compareTexts } from '../core/order.js';

/** Which services lead to which pods on which nodes, in the form in which the API tells it. */
export interface MetadataMap {
  readonly Nodes: Readonly<Record<string, { readonly services?: ServicesByPod }>>;
  readonly Warnings?: readonly string[];
  readonly Errors?: string;
}

/** namespace → pod → service → nothing */
type ServicesByPod = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;

/** The API's answer; `undefined` for anything else. */
export function parseMetadataMap(body: string): MetadataMap | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    const isMap =
      typeof parsed === 'object' && parsed !== null && 'Nodes' in parsed && typeof parsed.Nodes === 'object';
    return isMap ? (parsed as MetadataMap) : undefined;
  } catch {
    // A text that says what is wrong, which the caller shows.
    return undefined;
  }
}

/** For people, in the layout of the original agent's `metamap`. */
export function metadataMapText({ Nodes, Warnings = [], Errors }: MetadataMap): string {
  const nodes = Object.entries(Nodes).toSorted(compareKeys);
  const lines = [
    '===============',
    'Metadata Mapper',
    '===============',
    '',
    ...nodes.flatMap(([node, { services = {} }]) => [
      `Node detected: ${node}`,
      '',
      ...namespaceLines(services),
    ]),
    ...(Warnings.length === 0 ? [] : ['Warnings:', ...Warnings.map((warning) => `  - ${warning}`), '']),
    ...(Errors === undefined ? [] : [`Could not run the service mapper: ${Errors}`, '']),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

function namespaceLines(services: ServicesByPod): readonly string[] {
  return Object.entries(services)
    .toSorted(compareKeys)
    .flatMap(([namespace, pods]) => [
      `  - Namespace: ${namespace}`,
      ...Object.entries(pods)
        .toSorted(compareKeys)
        .flatMap(([pod, names]) => [
          `      - Pod: ${pod}`,
          `        Services: [${Object.keys(names).toSorted(compareTexts).join(' ')}]`,
        ]),
      '',
    ]);
}
