import { X509Certificate } from 'node:crypto';
import { splitPem } from '../../certs/pair.js';
import type { Config } from '../../config/load.js';
import type { Clock } from '../../core/clock.js';
import type { KubeApi } from '../../kube/api.js';
import { resourcePath } from '../../kube/api.js';
import { toText, valueAt } from '../../kube/json.js';
import { type Finding, findingsOf } from './finding.js';

export interface CertificateOptions {
  readonly config: Config;
  /** Our own APIService; `undefined`: there is none, or it is another's. */
  readonly registration: unknown;
}

const topic = findingsOf('Certificate');
const dayMs = 86_400_000;
/** A replica renews at two thirds of its life, long before. */
const shortLifeMs = 7 * dayMs;

/** The certificate that replicas share, how long it holds, and whether the API server would trust it. */
export async function checkCertificate(
  ports: { readonly client: KubeApi; readonly clock: Clock },
  { config, registration }: CertificateOptions,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  if (config.certificate.directory !== undefined)
    return [
      topic.skipped(
        `it lies in files (${config.certificate.directory}), which the pod alone has`,
        'whoever made the files sees to their renewal, and to the caBundle of the APIService',
      ),
    ];
  const place = { namespace: config.kubernetes.namespace, name: config.certificate.secretName };
  const path = resourcePath({ api: '/api/v1', resource: 'secrets' }, place);
  const found = await ports.client.request('GET', path, {}, signal);
  const secret = `the Secret ${place.namespace}/${place.name}`;
  if (!found.ok)
    return [
      found.error.code === 'kube.not_found'
        ? topic.skipped(`${secret} does not exist yet`, 'the first replica makes it when it starts')
        : topic.skipped(`${secret} cannot be read: ${found.error.message}`, 'grant the right above'),
    ];
  const leaf = readOne(decoded(valueAt(found.value, 'data', 'tls.crt')));
  if (leaf === undefined)
    return [
      topic.failed(
        `${secret} holds no certificate in tls.crt`,
        'delete the Secret; a running replica makes a new one',
      ),
    ];
  const nowMs = ports.clock.nowMs();
  return [
    life(leaf, secret, nowMs),
    ...(registration === undefined ? [] : [bundle(leaf, registration, nowMs)]),
  ];
}

function life(leaf: X509Certificate, secret: string, nowMs: number): Finding {
  const leftMs = Date.parse(leaf.validTo) - nowMs;
  const until = new Date(Date.parse(leaf.validTo)).toISOString().slice(0, 10);
  const remedy = 'a running replica renews it: look at its log for why it has not';
  if (Date.parse(leaf.validFrom) > nowMs)
    return topic.failed(
      `that of ${secret} does not hold yet`,
      'check the clocks of this machine and the pods',
    );
  if (leftMs <= 0) return topic.failed(`that of ${secret} has run out on ${until}`, remedy);
  const left = `that of ${secret} holds for ${Math.floor(leftMs / dayMs)} days, until ${until}`;
  return leftMs < shortLifeMs ? topic.warning(left, remedy) : topic.ok(left);
}

/** By the caBundle alone the API server judges the server that it passes requests on to. */
function bundle(leaf: X509Certificate, registration: unknown, nowMs: number): Finding {
  const remedy =
    'a running replica with the right to patch the APIService writes the right one; start one, and look at its log when this stays';
  if (valueAt(registration, 'spec', 'insecureSkipTLSVerify') === true)
    return topic.warning(
      'the API server does not verify it (insecureSkipTLSVerify in the APIService)',
      remedy,
    );
  const authorities = splitPem(decoded(valueAt(registration, 'spec', 'caBundle'))).flatMap(
    (pem) => readOne(pem) ?? [],
  );
  if (authorities.length === 0)
    return topic.failed('the APIService has no caBundle, so that the API server trusts nobody', remedy);
  const signers = authorities.filter((one) => leaf.checkIssued(one) && leaf.verify(one.publicKey));
  if (signers.length === 0)
    return topic.failed('the caBundle of the APIService is that of another authority', remedy);
  const holding = signers.find((one) => Date.parse(one.validTo) > nowMs);
  return holding === undefined
    ? topic.failed('the authority in the caBundle of the APIService has run out', remedy)
    : topic.ok('the caBundle of the APIService holds the authority that signed it');
}

function decoded(value: unknown): string {
  return Buffer.from(toText(value) ?? '', 'base64').toString();
}

function readOne(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    // Whatever it is, it is no certificate, which the caller tells.
    return undefined;
  }
}
