import type { Clock } from '../core/clock.js';
import type { Fault } from '../core/fault.js';
import type { Logger } from '../core/log.js';
import { type ControlPlaneSource, isWithoutList, type Patience, type Reading } from './reading.js';

export interface ReaderPorts {
  readonly source: ControlPlaneSource;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface ReaderOptions {
  /** Whether componentstatuses are tried before /readyz. */
  readonly usesComponentStatus: boolean;
}

/** A list that took longer was waited for with patience, and the next one will need it too. */
const promptMs = 3_000;

/** Asks for the components, and for the API server's own word where there are none; says in the log which it came to. */
export class ControlPlaneReader {
  readonly #ports: ReaderPorts;
  readonly #options: ReaderOptions;
  #listFault: Fault | undefined;
  #denial: string | undefined;
  #patience: Patience = 'short';

  constructor(ports: ReaderPorts, options: ReaderOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  /** The right that is missing, with the rule that grants it; `undefined` when none was at the last look. */
  get denial(): string | undefined {
    return this.#denial;
  }

  /** A right may be granted, and a cluster may change: so the list is tried anew each time. */
  async read(signal: AbortSignal): Promise<Reading> {
    const { source, clock } = this.#ports;
    if (!this.#options.usesComponentStatus) return this.#readReadiness(undefined, signal);
    const startedAtMs = clock.monotonicMs();
    const listed = await source.components(this.#patience, signal);
    if (!signal.aborted) this.#tell(listed.ok ? undefined : listed.error);
    if (!listed.ok) return this.#readInPlace(listed.error, signal);
    if (clock.monotonicMs() - startedAtMs < promptMs) this.#patience = 'short';
    this.#denial = undefined;
    return { source: 'componentstatuses', components: listed.value };
  }

  /** An API server that is well, but for its list, waits for a component that hangs: the next list is worth a longer wait. */
  async #readInPlace(listFault: Fault, signal: AbortSignal): Promise<Reading> {
    const { readiness, ...rest } = await this.#readReadiness(listFault, signal);
    const isOnlySlow = !isWithoutList(listFault) && readiness.ok && readiness.value.isReady;
    this.#patience = isOnlySlow ? 'long' : 'short';
    return { ...rest, readiness };
  }

  async #readReadiness(
    listFault: Fault | undefined,
    signal: AbortSignal,
  ): Promise<Extract<Reading, { source: 'readyz' }>> {
    const readiness = await this.#ports.source.readiness(signal);
    const faults = [listFault, readiness.ok ? undefined : readiness.error];
    const denials = faults.flatMap((fault) => (fault?.code === 'kube.denied' ? [fault.message] : []));
    this.#denial = denials.length === 0 ? undefined : denials.join('; and ');
    return { source: 'readyz', readiness, listFault };
  }

  /** Once, and again when it has become something else. */
  #tell(fault: Fault | undefined): void {
    const before = this.#listFault;
    this.#listFault = fault;
    if (fault?.code === before?.code) return;
    const { log } = this.#ports;
    if (fault === undefined) log.info({}, 'the components of the control plane can be listed again');
    else
      log[isRoutine(fault) ? 'info' : 'warn'](
        { code: fault.code, reason: fault.message },
        consequence(fault),
      );
  }
}

/** New clusters may do without the deprecated list; nothing is wrong with them. */
function isRoutine(fault: Fault): boolean {
  return fault.code === 'kube.not_found';
}

function consequence(fault: Fault): string {
  if (fault.code === 'kube.not_found')
    return 'the cluster has no componentstatuses; the control plane is read from /readyz';
  return isWithoutList(fault)
    ? 'componentstatuses may not be listed; the control plane is read from /readyz, which tells of less'
    : 'the components of the control plane cannot be listed; asking /readyz whether the API server works';
}
