import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BundleSink } from '../certs/bundle-publisher.js';
import { FileSource } from '../certs/file-source.js';
import { GeneratedSource } from '../certs/generated-source.js';
import { servingNames } from '../certs/serving-names.js';
import type { CertificateSource } from '../certs/source.js';
import { untilAborted } from '../core/linked-abort.js';
import { ok } from '../core/result.js';
import { ApiServiceBundle } from '../kube/apiservice.js';
import { SecretBox } from '../kube/secret.js';
import type { ClusterPorts, WatchTimes } from './cluster.js';
import type { AppInputs } from './inputs.js';

/**
 * What all TLS ports show: mounted files where a folder is named, else a certificate by an authority of our own in a Secret.
 */
export function buildCertificate(
  { config, clock, log }: AppInputs,
  ports: ClusterPorts,
  times: WatchTimes,
): CertificateSource {
  const folder = config.certificate.directory;
  if (folder !== undefined) {
    const paths = {
      certPath: join(folder, 'tls.crt'),
      keyPath: join(folder, 'tls.key'),
      caPath: join(folder, 'ca.crt'),
    };
    return new FileSource({ read: (path) => readFile(path, 'utf8'), clock, log }, paths);
  }
  const { namespace } = config.kubernetes;
  const service = config.certificate.serviceName;
  const secret = new SecretBox(ports, {
    ...times,
    namespace,
    name: config.certificate.secretName,
    type: 'Opaque',
  });
  const bundle = config.externalMetrics.enabled
    ? new ApiServiceBundle(ports, { ...times, serviceNamespace: namespace, serviceName: service })
    : nowhere;
  const options = {
    names: certificateNames({ service, namespace, agentService: config.clusterAgent.serviceName }),
  };
  return new GeneratedSource({ secret, bundle, clock, log, random: ports.random }, options);
}

/** Where kube-apiserver finds us, and where node agents do. */
export function certificateNames({
  service,
  namespace,
  agentService,
}: {
  readonly service: string;
  readonly namespace: string;
  readonly agentService: string;
}): readonly string[] {
  return servingNames({
    service,
    namespace,
    extraNames: servingNames({ service: agentService, namespace }),
  });
}

/** The name that every certificate of ours holds, by which replicas know each other. */
export function certifiedName({ config }: Pick<AppInputs, 'config'>): string {
  return `${config.certificate.serviceName}.${config.kubernetes.namespace}.svc`;
}

/** Without external metrics there is no APIService that anybody would trust us by. */
const nowhere: BundleSink = {
  publish: async () => ok('unchanged'),
  follow: (_onChange, signal) => untilAborted(signal),
};
