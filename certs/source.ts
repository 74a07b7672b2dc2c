import type { Component } from '../core/component.js';

/** A certificate that a listener can show, with its key. Never log it whole. */
export interface ServingCertificate {
  /** The leaf first, then the chain that clients need besides their trust anchors. */
  readonly certPem: string;
  readonly keyPem: string;
  /** What clients should trust to accept it, where the source knows; during a rollover more than one certificate. */
  readonly caPem: string | undefined;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/**
 * Where the serving certificate comes from and how it is renewed. After `run` has begun it keeps `current()` as good as it
 * can; a source in trouble keeps what it has and says so in its health.
 */
export interface CertificateSource extends Component {
  /** `undefined` until there is a first one. */
  current(): ServingCertificate | undefined;
  /** Calls `listener` after each change of `current()`; the function returned ends that. */
  onChange(listener: () => void): () => void;
}
