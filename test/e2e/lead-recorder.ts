import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { until } from '../control-plane/waiting.js';
import type { Contender } from './contender.js';

const sampleMs = 40;

/** Looks at all contenders again and again, and reads afterwards what they said: no two may ever have led. */
export class LeadRecorder {
  readonly #all: Contender[] = [];
  readonly #clashes: string[] = [];
  #isEnded = false;
  #samples = 0;
  #done: Promise<void> | undefined;

  start(): void {
    this.#done = this.#run();
  }

  add<C extends Contender>(contender: C): C {
    this.#all.push(contender);
    return contender;
  }

  /** Who was seen leading at once. */
  get clashes(): readonly string[] {
    return this.#clashes;
  }

  get samples(): number {
    return this.#samples;
  }

  /** Waits until one of them leads; answers how long after `sinceMs` it began, by its own word. */
  async untilLeads(
    one: readonly Contender[],
    sinceMs: number,
    timeoutMs: number,
  ): Promise<[Contender, number]> {
    const names = one.map(({ name }) => name).join(' or ');
    const leader = await until(`${names} to lead`, () => firstThatLeads(one), { timeoutMs, pollMs: 20 });
    const began = (await leader.turns()).filter(({ leads }) => leads).at(-1);
    return [leader, (began?.atMs ?? Date.now()) - sinceMs];
  }

  /** Ends the looking, and judges. Answers the longest time without a leader between the first lead and the last, in ms. */
  async verdict(): Promise<number> {
    this.#isEnded = true;
    await this.#done;
    expect(this.#clashes, 'two that led at once').to.deep.equal([]);
    const turns = await Promise.all(
      this.#all.map(async (contender) =>
        (await contender.turns()).map((turn) => ({ ...turn, by: contender.name })),
      ),
    );
    const inOrder = turns.flat().toSorted((a, b) => a.atMs - b.atMs || Number(a.leads) - Number(b.leads));
    const leading = new Set<string>();
    let freeSinceMs: number | undefined;
    let longestMs = 0;
    for (const { atMs, leads, by } of inOrder) {
      if (leads) leading.add(by);
      else if (leading.delete(by)) freeSinceMs = atMs;
      expect([...leading], `who led at ${new Date(atMs).toISOString()}`).to.have.length.at.most(1);
      if (leads && freeSinceMs !== undefined) longestMs = Math.max(longestMs, atMs - freeSinceMs);
    }
    return longestMs;
  }

  async stopAll(): Promise<void> {
    this.#isEnded = true;
    await Promise.all(this.#all.map((contender) => contender.stop()));
  }

  async #run(): Promise<void> {
    while (!this.#isEnded) {
      const claims = await Promise.all(this.#all.map(async (one) => ((await one.leads()) ? one : undefined)));
      const leading = claims.filter((one) => one !== undefined);
      this.#samples += 1;
      // The looks take a moment, in which the lead may change hands: two that claim it must still do so when asked again.
      if (leading.length > 1 && (await allLead(leading)))
        this.#clashes.push(`${leading.map(({ name }) => name).join(' and ')} at ${new Date().toISOString()}`);
      await sleep(sampleMs);
    }
  }
}

async function firstThatLeads(all: readonly Contender[]): Promise<Contender | undefined> {
  for (const one of all) if (await one.leads()) return one;
  return undefined;
}

async function allLead(all: readonly Contender[]): Promise<boolean> {
  return (await Promise.all(all.map((one) => one.leads()))).every(Boolean);
}
