import type { Clock } from '../core/clock.js';
import { type Fault, messageOf } from '../core/fault.js';
import type { Logger } from '../core/log.js';
import type { Result } from '../core/result.js';
import { newMaterial } from './authority.js';
import { carryOut } from './carry-out.js';
import { decideRenewal, type RenewalRules, type RenewalView } from './renewal.js';
import { decodeSecret, encodeSecret, type Found, type SecretData } from './secret-codec.js';
import type { SharedCertificates } from './shared-certificates.js';
import { Trouble } from './trouble.js';

/** One Secret, written by compare-and-swap. Every call settles when its signal aborts. */
export interface SecretBox {
  /** `undefined` when there is none. */
  read(
    signal: AbortSignal,
  ): Promise<Result<{ readonly data: SecretData; readonly revision: string } | undefined, Fault>>;
  /**
   * Replaces all data if the Secret still has `revision`, or creates it if that is `undefined`; resolves to the new revision.
   * Fault `kube.conflict` when somebody else was first, `kube.not_found` when it was deleted meanwhile.
   */
  write(data: SecretData, revision: string | undefined, signal: AbortSignal): Promise<Result<string, Fault>>;
  /** Calls `onChange` after each change by anybody, until `signal` aborts. */
  follow(onChange: () => void, signal: AbortSignal): Promise<void>;
}

/** What came of one look at the Secret. `certificates` is `undefined` when nothing usable could be read or written. */
export interface KeptRound {
  readonly certificates: SharedCertificates | undefined;
  readonly hasWritten: boolean;
}

interface SecretKeeperPorts {
  readonly secret: SecretBox;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What is due after a long pause is done step by step; more in one round would be a fight with another writer. */
const maxWrites = 5;

/** Keeps the shared certificates in their Secret as they should be. All replicas do so at once; the swap settles every race. */
export class SecretKeeper {
  readonly #ports: SecretKeeperPorts;
  readonly #rules: RenewalRules;
  readonly #reachability: Trouble;
  readonly #soundness: Trouble;

  constructor(ports: SecretKeeperPorts, rules: RenewalRules) {
    this.#ports = ports;
    this.#rules = rules;
    this.#reachability = new Trouble(ports, {
      recovery: 'the Secret of the serving certificate can be used again',
    });
    this.#soundness = new Trouble(ports, {
      recovery: 'the Secret of the serving certificate is sound again',
    });
  }

  get trouble(): string | undefined {
    return this.#reachability.text;
  }

  /** Reads the Secret and makes every change that is due. Faults end the round and are remembered as `trouble`. */
  async round(view: Omit<RenewalView, 'nowMs'>, signal: AbortSignal): Promise<KeptRound> {
    let hasWritten = false;
    for (let writes = 0; writes < maxWrites; writes += 1) {
      const read = await this.#ports.secret.read(signal);
      if (!read.ok) return this.#failed('read', read.error, { certificates: undefined, hasWritten });
      const found = decodeSecret(read.value?.data);
      this.#judge(found);

      const nowMs = this.#ports.clock.nowMs();
      const step = decideRenewal(found, { ...view, nowMs }, this.#rules);
      if (step.step === 'keep') {
        this.#reachability.gone();
        return { certificates: step.of, hasWritten };
      }
      const made = carryOut(step, { nowMs, names: view.names, rules: this.#rules, newMaterial });
      const written = await this.#ports.secret.write(encodeSecret(made), read.value?.revision, signal);
      if (written.ok) {
        hasWritten = true;
        this.#ports.log.info(
          { step: step.step, why: step.why },
          'serving certificates renewed in their Secret',
        );
      } else if (!isRace(written.error)) {
        const certificates = found.kind === 'sound' ? found.certificates : undefined;
        return this.#failed('written', written.error, { certificates, hasWritten });
      }
    }
    this.#reachability.met(
      'the Secret of the serving certificate keeps changing under this replica; look for another writer of it',
    );
    return { certificates: undefined, hasWritten };
  }

  #judge(found: Found): void {
    switch (found.kind) {
      case 'absent':
        break;
      case 'damaged':
        this.#soundness.met(
          `the Secret of the serving certificate is damaged and will be replaced: ${found.problem}`,
        );
        break;
      case 'sound':
        if (found.complaints.length === 0) this.#soundness.gone();
        else
          this.#soundness.met(
            `parts of the Secret of the serving certificate are damaged and will be replaced: ${found.complaints.join('; ')}`,
          );
    }
  }

  #failed(verb: 'read' | 'written', fault: Fault, round: KeptRound): KeptRound {
    this.#reachability.met(`the Secret of the serving certificate cannot be ${verb}: ${messageOf(fault)}`);
    return round;
  }
}

/** Somebody else was first: the next look shows what they did. */
function isRace(fault: Fault): boolean {
  return fault.code === 'kube.conflict' || fault.code === 'kube.not_found';
}
