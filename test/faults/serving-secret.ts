import type { KeyedCertificate } from '../../certs/authority.js';
import { createAuthority, issueLeaf, newMaterial } from '../../certs/authority.js';
import { readPair } from '../../certs/pair.js';
import { decodeSecret, encodeSecret, type SecretData } from '../../certs/secret-codec.js';
import type { SharedCertificates } from '../../certs/shared-certificates.js';
import type { Validity } from '../../certs/x509.js';
import { certificateNames } from '../../wiring/certificate.js';
import type { Client } from './client.js';
import { apiServicePath } from './cluster-watch.js';

const secretPath = '/api/v1/namespaces/datadog/secrets/datadog-custom-metrics-server-cert';
const minuteMs = 60_000;

/** The names that the replicas' leaf must have. */
const names = certificateNames({
  service: 'datadog-custom-metrics-server',
  namespace: 'datadog',
  agentService: 'datadog-cluster-agent',
});

/** The Secret of the serving certificate, as a person with full rights reads and writes it. */
export class ServingSecret {
  readonly #cluster: Client;

  constructor(ports: { readonly cluster: Client }) {
    this.#cluster = ports.cluster;
  }

  /** What it holds; `undefined` when it does not exist or is not sound. */
  async read(): Promise<SharedCertificates | undefined> {
    const { status, body } = await this.#cluster.get(secretPath);
    if (status !== 200) return undefined;
    const { data = {} } = JSON.parse(body) as { readonly data?: Readonly<Record<string, string>> };
    const bytes = Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64')]);
    const found = decodeSecret(Object.fromEntries(bytes) as SecretData);
    return found.kind === 'sound' && found.complaints.length === 0 ? found.certificates : undefined;
  }

  async sound(): Promise<SharedCertificates> {
    const certificates = await this.read();
    if (certificates === undefined) throw new Error('the Secret of the serving certificate is not sound');
    return certificates;
  }

  async write(certificates: SharedCertificates): Promise<void> {
    await this.#replace(encodeSecret(certificates));
  }

  /** Lays these texts over what it holds, key by key. */
  async overwrite(texts: Readonly<Record<string, string>>): Promise<void> {
    const { data } = (await this.#cluster.json(secretPath)) as { readonly data?: Record<string, string> };
    const known = Object.entries(data ?? {}).map(([key, text]) => [key, Buffer.from(text, 'base64')]);
    const laid = Object.entries(texts).map(([key, text]) => [key, Buffer.from(text)]);
    await this.#replace(Object.fromEntries([...known, ...laid]) as SecretData);
  }

  async remove(): Promise<void> {
    const { status, body } = await this.#cluster.send('DELETE', secretPath);
    if (status !== 200) throw new Error(`the Secret was not deleted: ${status} ${body}`);
  }

  /** Wakes those who watch it, without a change of what it holds. */
  async touch(): Promise<void> {
    const body = { metadata: { annotations: { touched: String(Date.now()) } } };
    await this.#patch(body);
  }

  /** What kube-apiserver trusts: how many authorities, and their text. */
  async published(): Promise<{ readonly count: number; readonly caPem: string }> {
    const object = (await this.#cluster.json(apiServicePath)) as {
      readonly spec: { readonly caBundle?: string };
    };
    const caPem = Buffer.from(object.spec.caBundle ?? '', 'base64').toString();
    return { count: caPem.split('BEGIN CERTIFICATE').length - 1, caPem };
  }

  async #replace(data: SecretData): Promise<void> {
    const encoded = Object.entries(data).map(([key, bytes]) => [key, bytes.toString('base64')]);
    // `null` takes a key away; those that are given stay.
    const allKeys = [
      'tls.crt',
      'tls.key',
      'ca.crt',
      'ca.key',
      'next-ca.crt',
      'next-ca.key',
      'retired-cas.crt',
    ];
    const cleared = allKeys.map((key) => [key, null]);
    await this.#patch({ data: { ...Object.fromEntries(cleared), ...Object.fromEntries(encoded) } });
  }

  async #patch(body: object): Promise<void> {
    const contentType = 'application/merge-patch+json';
    const reply = await this.#cluster.send('PATCH', secretPath, { body, contentType });
    if (reply.status !== 200) throw new Error(`the Secret was not written: ${reply.status} ${reply.body}`);
  }
}

/** From an hour ago until so many minutes from now, so that its renewal is due unless that is more than half an hour. */
export function agedUntil(minutes: number): Validity {
  const nowMs = Date.now();
  return { notBeforeMs: nowMs - 60 * minuteMs, notAfterMs: nowMs + minutes * minuteMs };
}

/** A leaf with the replicas' names; `signer` keeps its key in the Secret. */
export function leafOf(signer: KeyedCertificate, validity: Validity): SharedCertificates['leaf'] {
  return { ...pairOf(issueLeaf(signer, { names, validity }, newMaterial())), names };
}

export function authorityOf(validity: Validity): SharedCertificates['signer'] {
  return pairOf(createAuthority(validity, newMaterial()));
}

function pairOf({ certPem, keyPem }: KeyedCertificate): SharedCertificates['signer'] {
  const pair = readPair(certPem, keyPem);
  if (!pair.ok) throw new Error(pair.error);
  return pair.value;
}
