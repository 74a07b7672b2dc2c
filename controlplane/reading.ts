import type { Fault } from '../core/fault.js';
import type { Result } from '../core/result.js';

/** A part of the control plane, as kube-apiserver found it when it was asked. */
export interface ListedComponent {
  readonly name: string;
  readonly health: 'healthy' | 'unhealthy' | 'unknown';
  /** Empty where the server gave none. */
  readonly message: string;
}

/** What kube-apiserver says of itself. */
export interface Readiness {
  readonly isReady: boolean;
  /** None where it does not list them. */
  readonly checks: readonly { readonly name: string; readonly passed: boolean }[];
}

/**
 * How long a list is waited for: `short` for one that comes as it should, `long` for one that comes only when the API server
 * has given up a component that hangs.
 */
export type Patience = 'short' | 'long';

/** The two ways in which kube-apiserver tells of the control plane. */
export interface ControlPlaneSource {
  components(patience: Patience, signal: AbortSignal): Promise<Result<readonly ListedComponent[], Fault>>;
  readiness(signal: AbortSignal): Promise<Result<Readiness, Fault>>;
}

/** What was found out at one look. */
export type Reading =
  | { readonly source: 'componentstatuses'; readonly components: readonly ListedComponent[] }
  | {
      readonly source: 'readyz';
      readonly readiness: Result<Readiness, Fault>;
      /** Why the components could not be listed; `undefined` where that was not tried. */
      readonly listFault: Fault | undefined;
    };

/** Whether a cluster has no list of components for us, as opposed to one that it cannot give at this moment. */
export function isWithoutList(fault: Fault): boolean {
  return fault.code === 'kube.not_found' || fault.code === 'kube.denied';
}
