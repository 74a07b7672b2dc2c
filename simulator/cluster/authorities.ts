import { createPrivateKey, createPublicKey } from 'node:crypto';
import { createAuthority, issueLeaf, type KeyedCertificate, newMaterial } from '../../certs/authority.js';
import { type Der, encodeDer, octets, oid, sequence, set, utf8 } from '../../certs/der.js';
import {
  authorityKeyId,
  basicConstraints,
  keyUsage,
  signCertificate,
  subjectKeyId,
  subjectOf,
  type Validity,
} from '../../certs/x509.js';
import type { Clock } from '../../core/clock.js';

export type { KeyedCertificate };

/** Whom a client certificate names: common name and organizations, which Kubernetes reads as user and groups. */
export interface ClientSubject {
  readonly user: string;
  readonly groups: readonly string[];
}

const dayMs = 24 * 3600 * 1000;

/** One of the cluster's own certificate authorities; it lives in memory only. */
export class ClusterAuthority {
  readonly #clock: Clock;
  readonly #certificate: KeyedCertificate;

  constructor(ports: { readonly clock: Clock }, certificate: KeyedCertificate) {
    this.#clock = ports.clock;
    this.#certificate = certificate;
  }

  get caPem(): string {
    return this.#certificate.certPem;
  }

  issueServer(names: readonly string[]): KeyedCertificate {
    return issueLeaf(this.#certificate, { names, validity: validity(this.#clock) }, newMaterial());
  }

  issueClient(subject: ClientSubject): KeyedCertificate {
    const { privateKey, serialHex } = newMaterial();
    const publicKey = createPublicKey(privateKey);
    const issuerKey = createPrivateKey(this.#certificate.keyPem);
    const certPem = signCertificate(
      {
        subject: nameOf(subject),
        issuer: subjectOf(this.#certificate.certPem),
        publicKey,
        serialHex,
        validity: validity(this.#clock),
        extensions: [
          basicConstraints('leaf'),
          keyUsage('leaf'),
          clientAuthUsage(),
          subjectKeyId(publicKey),
          authorityKeyId(createPublicKey(issuerKey)),
        ],
      },
      issuerKey,
    );
    return { certPem, keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
  }
}

/** A new authority, valid for a month as is all that it issues. */
export function newClusterAuthority(clock: Clock): ClusterAuthority {
  return new ClusterAuthority({ clock }, createAuthority(validity(clock), newMaterial()));
}

/** A little of the past is included, so that clocks a bit behind accept what was just made. */
function validity(clock: Clock): Validity {
  const nowMs = clock.nowMs();
  return { notBeforeMs: nowMs - 300_000, notAfterMs: nowMs + 30 * dayMs };
}

function nameOf({ user, groups }: ClientSubject): Der {
  const attribute = (type: string, value: string): Der => set(sequence(oid(type), utf8(value)));
  return sequence(...groups.map((group) => attribute('2.5.4.10', group)), attribute('2.5.4.3', user));
}

function clientAuthUsage(): Der {
  const usage = sequence(oid('1.3.6.1.5.5.7.3.2'));
  return sequence(oid('2.5.29.37'), octets(encodeDer(usage)));
}
