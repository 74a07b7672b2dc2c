/** A pod of an agent's kubelet. */
export interface PodName {
  readonly namespace: string;
  readonly name: string;
}

export function toPodKey({ namespace, name }: PodName): string {
  return `${namespace}/${name}`;
}
