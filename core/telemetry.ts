import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export type { Registry };

/** Makes the process's registry of metrics; the one that `/metrics` renders. */
export function createRegistry(options: { readonly withProcessMetrics: boolean }): Registry {
  const registry = new Registry();
  if (options.withProcessMetrics) collectDefaultMetrics({ register: registry });
  return registry;
}

/**
 * A counter of `registry`; its labels are the keys that `inc` gets. Parts that count the same thing under one name share
 * it; they must agree on the labels.
 */
export function counter<L extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly L[],
): Counter<L> {
  const known = registry.getSingleMetric(name);
  if (known instanceof Counter) return known;
  return new Counter({ name, help, labelNames: [...labelNames], registers: [registry] });
}

export function gauge<L extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly L[],
): Gauge<L> {
  return new Gauge({ name, help, labelNames: [...labelNames], registers: [registry] });
}

/** A gauge whose values are read when somebody asks for them; its one label is `label`. */
export function readGauge<L extends string>(
  registry: Registry,
  { name, help, label }: { readonly name: string; readonly help: string; readonly label: L },
  read: () => Readonly<Record<string, number>> | Promise<Readonly<Record<string, number>>>,
): Gauge<L> {
  return new Gauge<L>({
    name,
    help,
    labelNames: [label],
    registers: [registry],
    async collect() {
      const values = await read();
      // What is not told any more must not go on saying what it said last.
      this.reset();
      for (const [labelValue, value] of Object.entries(values)) this.labels(labelValue).set(value);
    },
  });
}

/** A gauge without labels whose value is read when somebody asks for it; `NaN` while there is none. */
export function readNumber(
  registry: Registry,
  { name, help }: { readonly name: string; readonly help: string },
  read: () => number | undefined,
): Gauge {
  return new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read() ?? Number.NaN);
    },
  });
}

/** Parts that measure the same thing under one name share it; they must agree on labels and buckets. */
export function histogram<L extends string>(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly L[],
  buckets: readonly number[],
): Histogram<L> {
  const known = registry.getSingleMetric(name);
  if (known instanceof Histogram) return known;
  return new Histogram({
    name,
    help,
    labelNames: [...labelNames],
    buckets: [...buckets],
    registers: [registry],
  });
}
