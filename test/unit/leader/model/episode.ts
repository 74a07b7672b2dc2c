import { meddledWith, meddlings } from './meddling.js';
import { type Road, SimulatedStore } from './network.js';
import { type Breakage, type Kind, objectPaths, openRoad, SimulatedReplica } from './replica.js';
import { SimulatedTime } from './time.js';

/** Who may run beside whom: each time a replica starts, it takes one of the kinds of the present phase. */
export type Phases = readonly (readonly Kind[])[];

export interface EpisodeOptions {
  readonly seed: number;
  readonly phases: Phases;
  /** Whether the last of the replicas is one of client-go's, which takes a lock that is deleted or wiped at once. */
  readonly hasForeigner?: boolean;
  readonly breakage?: Breakage;
}

export interface Outcome {
  readonly steps: number;
  readonly simulatedMs: number;
  readonly disturbances: number;
  /** How often somebody began to lead. */
  readonly leads: number;
  /** From the last disturbance until one led, in durations of the lease. */
  readonly quietLeases: number;
  /** What must never be, if it was. */
  readonly violation: string | undefined;
}

/** How many disturbances a phase has. */
const phaseLength = 30;

/** Some replicas in one simulated world, which a seed disturbs in every way, and then leaves alone. */
export class Episode {
  readonly #options: EpisodeOptions;
  readonly #time = new SimulatedTime();
  readonly #store = new SimulatedStore();
  readonly #random: () => number;
  readonly #durationSeconds: number;
  readonly #names: readonly string[];
  readonly #lives = new Map<string, SimulatedReplica>();
  #kinds: readonly Kind[];
  /** Until when nobody new may start: who never saw the lock cannot know that it was deleted (ADR 30). */
  #noStartBeforeMs = 0;
  #isQuiet = false;
  #disturbances = 0;
  #leads = 0;
  #lastLeader: string | undefined;
  #violation: string | undefined;

  constructor(options: EpisodeOptions) {
    this.#options = options;
    this.#random = mulberry32(options.seed);
    this.#durationSeconds = this.#pick([1, 2, 5, 15, 60]);
    this.#names = ['a', 'b', 'c'].slice(0, this.#pick([2, 3]));
    this.#kinds = options.phases[0] ?? [];
  }

  async run(): Promise<Outcome> {
    for (const name of this.#names) this.#time.at(this.#random() * this.#leaseMs, () => this.#start(name));
    for (const kinds of this.#options.phases) {
      this.#kinds = kinds;
      await this.#rollOut();
      for (let count = 0; count < phaseLength && this.#violation === undefined; count += 1) {
        await this.#pass(this.#random() * 1.5 * this.#leaseMs);
        this.#disturb();
      }
    }
    const quietMs = await this.#settle();
    return {
      steps: this.#time.steps,
      simulatedMs: this.#time.nowMs,
      disturbances: this.#disturbances,
      leads: this.#leads,
      quietLeases: quietMs / this.#leaseMs,
      violation: this.#violation && `seed ${this.#options.seed}, ${this.#violation}`,
    };
  }

  get #leaseMs(): number {
    return this.#durationSeconds * 1000;
  }

  async #pass(ms: number): Promise<void> {
    await this.#time.runUntil(this.#time.nowMs + ms, () => this.#check());
  }

  /** Two that lead at one instant are the end of it. */
  #check(): void {
    const leaders = [...this.#lives.values()].filter(({ leads }) => leads);
    const names = leaders.map(({ name, kind }) => `${name} (${kind})`).join(' and ');
    if (leaders.length > 1) this.#violation ??= `${names} lead at ${Math.round(this.#time.nowMs)} ms`;
    if (leaders.length > 0 && names !== this.#lastLeader) this.#leads += 1;
    if (leaders.length > 0) this.#lastLeader = names;
  }

  #start(name: string): void {
    if (this.#time.nowMs < this.#noStartBeforeMs) {
      this.#time.at(this.#noStartBeforeMs, () => this.#start(name));
      return;
    }
    const life = new SimulatedReplica(
      { time: this.#time, store: this.#store, random: this.#random },
      {
        name,
        kind: this.#pick(this.#kinds),
        durationSeconds: this.#durationSeconds,
        rate: 0.99 + this.#random() / 50,
        isForeign: this.#options.hasForeigner === true && name === this.#names.at(-1),
        // One is enough: a fault that all share may cancel itself out.
        breakage: name === this.#names[0] ? this.#options.breakage : undefined,
      },
    );
    this.#lives.set(name, life);
    if (!this.#isQuiet) life.road = this.#road();
  }

  /** Replaces whoever does not fit the phase, one after the other, each by a crash or in good order. */
  async #rollOut(): Promise<void> {
    for (const name of this.#names) {
      const life = this.#lives.get(name);
      if (life === undefined || this.#kinds.includes(life.kind)) continue;
      if (this.#random() < 0.5) this.#crash(name);
      else this.#leave(name);
      const isReplaced = (): boolean => this.#lives.get(name) !== life && this.#lives.has(name);
      while (!isReplaced() && this.#violation === undefined) await this.#pass(this.#leaseMs);
    }
  }

  #crash(name: string): void {
    const life = this.#lives.get(name);
    if (life === undefined || life.isLeaving || life.process.isDead) return;
    life.crash();
    this.#time.at(this.#time.nowMs + this.#random() * 2 * this.#leaseMs, () => this.#start(name));
  }

  #leave(name: string): void {
    const life = this.#lives.get(name);
    if (life === undefined || life.isLeaving || life.process.isDead) return;
    life.leave(() =>
      this.#time.at(this.#time.nowMs + this.#random() * this.#leaseMs, () => this.#start(name)),
    );
  }

  #disturb(): void {
    this.#disturbances += 1;
    // Half of all troubles are the leader's, since those of the others change little.
    const leader = [...this.#lives.values()].find(({ leads }) => leads);
    const life = this.#random() < 0.5 && leader ? leader : this.#lives.get(this.#pick(this.#names));
    if (life === undefined) return;
    const forMs = this.#random() * 3 * this.#leaseMs;
    const pause = (): void => life.process.pause(this.#time.nowMs + forMs);
    const disturbances: readonly (() => void)[] = [
      pause,
      pause,
      () => this.#worsen(life, forMs),
      () => this.#worsen(life, forMs),
      () => this.#crash(life.name),
      () => this.#leave(life.name),
      () => {
        life.process.wallOffsetMs += (this.#random() - 0.5) * this.#pick([2_000, 100_000, 7_200_000]);
      },
      () => {
        life.hasEvents = !life.hasEvents;
      },
      () => this.#meddle(),
    ];
    this.#pick(disturbances)();
  }

  #worsen(life: SimulatedReplica, forMs: number): void {
    life.road = this.#road();
    this.#time.at(this.#time.nowMs + forMs, () => {
      life.road = openRoad;
    });
  }

  #road(): Road {
    return this.#pick<Road>([
      openRoad,
      { lostRequests: 1, lostAnswers: 1, delayMs: 10 },
      { lostRequests: 0, lostAnswers: 1, delayMs: 10 },
      { lostRequests: 0.3, lostAnswers: 0.3, delayMs: 50 },
      { lostRequests: 0.1, lostAnswers: 0.1, delayMs: this.#leaseMs / 4 },
      { lostRequests: 0, lostAnswers: 0, delayMs: this.#leaseMs * 2 },
    ]);
  }

  /** What people and other programs do to the objects: touch, delete, wipe, cut short, spoil. */
  #meddle(): void {
    const path = this.#pick([objectPaths.lease, objectPaths.configmap]);
    const found = this.#store.get(path);
    if (found === undefined) return;
    const change = this.#pick(meddlings);
    if (change === 'delete' || change === 'wipe') {
      if (this.#options.hasForeigner === true) return;
      const alive = [...this.#lives.values()].filter(({ process }) => !process.isDead);
      if (!alive.every(({ hasSeen }) => hasSeen)) return;
      this.#noStartBeforeMs = this.#time.nowMs + 2 * this.#leaseMs;
    }
    if (change === 'delete') this.#store.delete(path);
    else this.#store.put(path, meddledWith(found, change, String(this.#random())));
  }

  /** Everything is well from here on; answers how long it took until one led, who then goes on to. */
  async #settle(): Promise<number> {
    this.#isQuiet = true;
    for (const name of this.#names) {
      const life = this.#lives.get(name);
      if (life === undefined) continue;
      life.road = openRoad;
      life.hasEvents = true;
    }
    const fromMs = this.#time.nowMs;
    const boundMs = 8 * this.#leaseMs;
    const leader = (): string | undefined => [...this.#lives.values()].find(({ leads }) => leads)?.name;
    let since = fromMs;
    let last = leader();
    while (this.#violation === undefined && this.#time.nowMs - fromMs < boundMs) {
      await this.#pass(this.#leaseMs / 8);
      if (leader() !== last || last === undefined) since = this.#time.nowMs;
      last = leader();
    }
    if (this.#time.nowMs - since < this.#leaseMs)
      this.#violation ??= 'nobody leads in the end, or not for long';
    return since - fromMs;
  }

  #pick<T>(from: readonly T[]): T {
    const picked = from[Math.floor(this.#random() * from.length)];
    if (picked === undefined) throw new RangeError('nothing to pick from');
    return picked;
  }
}

/** A small generator of numbers in [0, 1), the same for the same seed. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
