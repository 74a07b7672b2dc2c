import { Fault } from '../core/fault.js';
import type { AccessRequest } from '../core/user.js';
import { type Authenticator, type Recognition, unauthenticated } from './authn.js';
import { type Authorizer, type Decision, forbidden } from './authz.js';
import type { Identity } from './identity.js';
import type { AnyRequest } from './peer.js';

/** What the gate lets in; `undefined` lets nobody in but says nothing yet: the cluster must be asked. */
interface Passage {
  readonly identity: Identity;
  readonly decision: Decision;
}

/** Lets a request in if its sender may do what it asks: first who it is, then whether it may. */
export class Gate {
  readonly #authenticator: Authenticator;
  readonly #authorizer: Authorizer;
  readonly #maxWaiting: number;
  readonly #onRefusal: (refusals: readonly string[]) => void;
  #waiting = 0;

  /**
   * @param ports `onRefusal` hears why credentials were refused, which the client does not
   * @param options `maxWaiting` bounds the requests that wait for the cluster's word at one time
   */
  constructor(
    ports: {
      readonly authenticator: Authenticator;
      readonly authorizer: Authorizer;
      readonly onRefusal: (refusals: readonly string[]) => void;
    },
    options: { readonly maxWaiting: number },
  ) {
    this.#authenticator = ports.authenticator;
    this.#authorizer = ports.authorizer;
    this.#onRefusal = ports.onRefusal;
    this.#maxWaiting = options.maxWaiting;
  }

  /**
   * The sender, if it can be let in without asking the cluster; `undefined` if not, and then `admit` asks.
   * Faults, thrown: `request.unauthenticated`, `request.forbidden`, `kube.unreachable` (no configuration yet).
   */
  pass(request: AnyRequest, access: AccessRequest): Identity | undefined {
    const recognition = this.#authenticator.recognize(request);
    const identity = this.#identityOf(recognition);
    const decision = identity === undefined ? undefined : this.#authorizer.known(identity, access);
    return identity === undefined || decision === undefined
      ? undefined
      : admitted({ identity, decision }, access);
  }

  /**
   * The sender of a request that may do what it asks. Faults, thrown: those of `pass`, `server.internal` when the
   * cluster cannot be asked, `server.overloaded` when too many wait for its word.
   */
  async admit(request: AnyRequest, access: AccessRequest): Promise<Identity> {
    return this.pass(request, access) ?? (await this.#whileCounted(() => this.#ask(request, access)));
  }

  /** Who sends a request, as far as that can be told without asking the cluster, whatever they may do. */
  senderOf(request: AnyRequest): Identity | undefined {
    const recognition = this.#authenticator.recognize(request);
    return recognition.kind === 'known' ? recognition.identity : undefined;
  }

  /** Who sends a request whose target cannot be read, so that there is nothing to authorize. */
  async recognize(request: AnyRequest): Promise<Identity> {
    const recognition = this.#authenticator.recognize(request);
    return this.#identityOf(recognition) ?? (await this.#whileCounted(() => this.#review(recognition)));
  }

  async #ask(request: AnyRequest, access: AccessRequest): Promise<Identity> {
    const recognition = this.#authenticator.recognize(request);
    const identity = this.#identityOf(recognition) ?? (await this.#review(recognition));
    const decision = await this.#authorizer.decide(identity, access);
    return admitted({ identity, decision }, access);
  }

  #identityOf(recognition: Recognition): Identity | undefined {
    switch (recognition.kind) {
      case 'known':
        return recognition.identity;
      case 'bearer':
        return undefined;
      case 'refused':
        this.#onRefusal(recognition.refusals);
        throw unauthenticated();
      case 'unjudged':
        throw unconfigured();
    }
  }

  async #review(recognition: Recognition): Promise<Identity> {
    if (recognition.kind !== 'bearer') throw unauthenticated();
    return this.#authenticator.review(recognition.token);
  }

  async #whileCounted<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= this.#maxWaiting) {
      const message = `too many requests: ${this.#waiting} wait for the API server to authorize them; please try again later`;
      throw new Fault('server.overloaded', message);
    }
    this.#waiting += 1;
    try {
      return await work();
    } finally {
      this.#waiting -= 1;
    }
  }
}

function admitted({ identity, decision }: Passage, access: AccessRequest): Identity {
  if (!decision.allowed) throw forbidden(identity.user, access, decision.reason);
  return identity;
}

function unconfigured(): Fault {
  const remedy =
    "bind this server's service account to the Role extension-apiserver-authentication-reader in kube-system, and see that it reaches the API server";
  const message = `client certificates cannot be verified: ConfigMap kube-system/extension-apiserver-authentication has not been read yet; remedy: ${remedy}`;
  return new Fault('kube.unreachable', message);
}
