import type { AutoscalerSpec } from '../../../core/autoscaler.js';
import type { LabelSelector } from '../../../core/selector.js';
import type { AutoscalerSource } from '../../../provider/wants.js';

/** An HPA on one external metric; only what differs is said. */
export function hpa(
  name: string,
  metric: string,
  selector?: LabelSelector,
  namespace = 'shop',
): AutoscalerSpec {
  return hpaOn(name, [[metric, selector]], namespace);
}

export function hpaOn(
  name: string,
  metrics: readonly (readonly [metric: string, selector: LabelSelector | undefined])[],
  namespace = 'shop',
): AutoscalerSpec {
  return {
    kind: 'HorizontalPodAutoscaler',
    namespace,
    name,
    uid: `uid-${namespace}-${name}`,
    metrics: metrics.map(([metric, selector]) => ({ name: metric, selector })),
  };
}

/** A source of autoscalers that a test changes by hand. */
export class HandSource implements AutoscalerSource {
  #listeners: (() => void)[] = [];
  #all: readonly AutoscalerSpec[];
  isSynced = true;
  /** How often somebody looked at all of it. */
  looks = 0;

  constructor(...all: readonly AutoscalerSpec[]) {
    this.#all = all;
  }

  list(): readonly AutoscalerSpec[] {
    this.looks += 1;
    return this.#all;
  }

  hasSynced(): boolean {
    return this.isSynced;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.push(listener);
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== listener);
    };
  }

  get listening(): number {
    return this.#listeners.length;
  }

  set(...all: readonly AutoscalerSpec[]): void {
    this.#all = all;
    for (const listener of this.#listeners) listener();
  }

  add(...more: readonly AutoscalerSpec[]): void {
    this.set(...this.#all, ...more);
  }
}
