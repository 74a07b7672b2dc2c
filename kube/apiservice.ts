import type { Clock } from '../core/clock.js';
import { Fault } from '../core/fault.js';
import type { Logger } from '../core/log.js';
import { fail, ok, type Result } from '../core/result.js';
import { type KubeApi, resourcePath } from './api.js';
import { toText, valueAt } from './json.js';
import type { FollowOptions } from './object-box.js';
import { servedAt } from './reflection.js';
import { Reflector } from './reflector.js';

export interface ApiServiceBundlePorts {
  readonly client: KubeApi;
  readonly clock: Clock;
  readonly log: Logger;
  /** A number in [0, 1), for jitter. */
  readonly random: () => number;
}

/** The Service that leads to this server. */
export interface ApiServiceBundleOptions extends FollowOptions {
  readonly serviceNamespace: string;
  readonly serviceName: string;
}

const kind = { api: '/apis/apiregistration.k8s.io/v1', resource: 'apiservices' };
const name = 'v1beta1.external.metrics.k8s.io';
const path = resourcePath(kind, { name });

/** How often a write is tried against an APIService that somebody else writes at the same time. */
const maxTries = 4;

/** The certificate authority by which kube-apiserver knows us: `spec.caBundle` of our APIService. */
export class ApiServiceBundle {
  readonly #ports: ApiServiceBundlePorts;
  readonly #options: ApiServiceBundleOptions;

  constructor(ports: ApiServiceBundlePorts, options: ApiServiceBundleOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  /**
   * Puts `caPem` (one or more certificates) into the APIService, and takes `insecureSkipTLSVerify` away with
   * the same write, since Kubernetes allows only one of them. Faults: `kube.rejected` when the APIService
   * belongs to another server or `caPem` holds no certificate, `kube.not_found` when there is no APIService,
   * `kube.conflict` when others keep changing it, and the client's.
   */
  async publish(caPem: string, signal: AbortSignal): Promise<Result<'changed' | 'unchanged', Fault>> {
    // Kubernetes takes any bytes, and would then trust nobody.
    if (!caPem.includes('-----BEGIN CERTIFICATE-----')) return fail(noCertificate());
    const caBundle = Buffer.from(caPem, 'utf8').toString('base64');
    let tries = 0;
    while (true) {
      tries += 1;
      const published = await this.#publishOnce(caBundle, signal);
      const isConflict = !published.ok && published.error.code === 'kube.conflict';
      if (!isConflict || tries === maxTries) return published;
    }
  }

  /**
   * Calls `onChange` after the first look and after each change of what `publish` cares about, until `signal`
   * aborts; the status that kube-apiserver keeps there is passed over.
   */
  async follow(onChange: () => void, signal: AbortSignal): Promise<void> {
    const { serviceNamespace: _namespace, serviceName: _name, ...options } = this.#options;
    const reflector = new Reflector<string>(
      {
        ...this.#ports,
        reflected: {
          locate: servedAt(resourcePath(kind, {}), { fieldSelector: `metadata.name=${name}` }),
          toItem: (object) =>
            JSON.stringify(
              ['service', 'caBundle', 'insecureSkipTLSVerify'].map((field) => valueAt(object, 'spec', field)),
            ),
        },
      },
      { ...options, name: `APIService ${name}` },
    );
    const stop = reflector.onChange(onChange);
    await reflector.run(signal);
    stop();
  }

  async #publishOnce(caBundle: string, signal: AbortSignal): Promise<Result<'changed' | 'unchanged', Fault>> {
    const found = await this.#ports.client.request('GET', path, {}, signal);
    if (!found.ok) return found.error.code === 'kube.not_found' ? fail(notRegistered()) : found;
    const owner = this.#otherOwner(found.value);
    if (owner !== undefined) return fail(this.#foreign(owner));
    const isInsecure = valueAt(found.value, 'spec', 'insecureSkipTLSVerify') === true;
    if (!isInsecure && valueAt(found.value, 'spec', 'caBundle') === caBundle) return ok('unchanged');
    const body = {
      metadata: { resourceVersion: valueAt(found.value, 'metadata', 'resourceVersion') },
      spec: { caBundle, insecureSkipTLSVerify: null },
    };
    const call = { body, contentType: 'application/merge-patch+json' };
    const patched = await this.#ports.client.request('PATCH', path, call, signal);
    return patched.ok ? ok('changed') : patched;
  }

  /** Who has the APIService, if it is not us. */
  #otherOwner(object: unknown): string | undefined {
    const namespace = toText(valueAt(object, 'spec', 'service', 'namespace'));
    const service = toText(valueAt(object, 'spec', 'service', 'name'));
    if (namespace === undefined || service === undefined)
      return 'kube-apiserver itself (it has no spec.service)';
    const isOurs = namespace === this.#options.serviceNamespace && service === this.#options.serviceName;
    return isOurs ? undefined : `the Service ${namespace}/${service}`;
  }

  #foreign(owner: string): Fault {
    const ours = `${this.#options.serviceNamespace}/${this.#options.serviceName}`;
    return new Fault(
      'kube.rejected',
      `the APIService ${name} belongs to ${owner}; expected our Service ${ours}. ` +
        'Only one server of a cluster can answer external metrics: remove the other one, or point spec.service at ours.',
    );
  }
}

function noCertificate(): Fault {
  return new Fault(
    'kube.rejected',
    `not written into the APIService ${name}: a bundle without a PEM certificate`,
  );
}

function notRegistered(): Fault {
  return new Fault(
    'kube.not_found',
    `there is no APIService ${name}, so the API server knows nobody who answers external metrics: ` +
      'apply the one of our manifests (or set up its caBundle by hand).',
  );
}
