import { atOnce, type Steps } from '../core/pace.js';
import type { DatadogQuery } from './query.js';

/** What one call to Datadog may hold. */
export interface BatchLimits {
  readonly maxQueries: number;
  /** Of the whole URL, in characters. Datadog was seen to refuse 7,608 (DataDog/datadog-agent#4715). */
  readonly maxUrlLength: number;
}

export interface Batches {
  readonly batches: readonly (readonly DatadogQuery[])[];
  /** Queries that no URL can hold, with the length that theirs would have. */
  readonly oversized: ReadonlyMap<DatadogQuery, number>;
}

/** Scheme, host, path, `from` and `to`, with room to spare for a long host name. */
const urlOverhead = 300;
/** A comma between two queries, escaped. */
const separatorLength = 3;

/** Spreads queries over calls: each query in exactly one batch or set aside as oversized; order is kept. */
export function toBatches(queries: readonly DatadogQuery[], limits: BatchLimits): Batches {
  return atOnce(batching(queries, limits));
}

/** The same, step by step. */
export function* batching(queries: readonly DatadogQuery[], limits: BatchLimits): Steps<Batches> {
  const batches: DatadogQuery[][] = [];
  const oversized = new Map<DatadogQuery, number>();
  let batch: DatadogQuery[] = [];
  let urlLength = urlOverhead;
  for (const query of queries) {
    yield;
    const length = escapedLength(query) + separatorLength;
    if (urlOverhead + length > limits.maxUrlLength) {
      oversized.set(query, urlOverhead + length);
      continue;
    }
    if (batch.length > 0 && (batch.length >= limits.maxQueries || urlLength + length > limits.maxUrlLength)) {
      batches.push(batch);
      batch = [];
      urlLength = urlOverhead;
    }
    batch.push(query);
    urlLength += length;
  }
  if (batch.length > 0) batches.push(batch);
  return { batches, oversized };
}

/** The length of a query in a URL by form encoding, the longest of the encodings in use. */
function escapedLength(query: string): number {
  return new URLSearchParams([['', query]]).toString().length - 1;
}
