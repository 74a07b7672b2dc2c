import type { Fault } from '../core/fault.js';

/** One cause of a failure, for machines: `reason` is a word that does not change with the message. */
export interface StatusCause {
  readonly reason: string;
  readonly message: string;
}

/** What a failure is about. */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly causes?: readonly StatusCause[];
}

/** A `metav1.Status`, the form in which Kubernetes clients expect failures. Its message is what a user reads in an HPA's events. */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: Readonly<Record<string, never>>;
  readonly status: 'Failure';
  readonly message: string;
  readonly reason: string;
  readonly details?: StatusDetails;
  readonly code: number;
}

/**
 * The Status of a fault. It names no time after which to try again: client-go would then hold one of the HPA
 * controller's few workers for up to ten tries.
 */
export function toStatus(fault: Fault, details?: StatusDetails): Status {
  const { status: code, reason } = fault.traits;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: fault.message,
    reason,
    ...(details === undefined ? {} : { details }),
    code,
  };
}
