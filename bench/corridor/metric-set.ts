/** The namespace of all that is measured. */
export const benchNamespace = 'bench';

/** Metric `index` of the set: its value is its number, so that a mix-up shows. */
export function metricName(index: number): string {
  return `bench.queue_${index}`;
}

/** The only label of its series, and of its selector. */
export function matchLabels(index: number): Readonly<Record<string, string>> {
  return { queue: `q${index}` };
}

/** Where it is read. */
export function metricPath(index: number): string {
  const query = `labelSelector=${encodeURIComponent(`queue=q${index}`)}`;
  return `/apis/external.metrics.k8s.io/v1beta1/namespaces/${benchNamespace}/${metricName(index)}?${query}`;
}

/** Its value as a Kubernetes quantity, in canonical form. */
export function quantityOf(index: number): string {
  return index !== 0 && index % 1_000 === 0 ? `${index / 1_000}k` : `${index}`;
}

/** The bytes of that value in a protobuf answer: field 5, a message with the text in field 1. */
export function protobufValue(index: number): string {
  const text = quantityOf(index);
  return `\u002a${String.fromCharCode(text.length + 2)}\u000a${String.fromCharCode(text.length)}${text}`;
}

/** `count` of the first `size` metrics, evenly spread. */
export function spread(size: number, count: number): readonly number[] {
  const taken = Math.min(size, count);
  return Array.from({ length: taken }, (_, at) => Math.floor((at * size) / taken));
}
