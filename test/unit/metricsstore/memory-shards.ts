import { Fault } from '../../../core/fault.js';
import { fail, ok, type Result } from '../../../core/result.js';
import type { ShardBox } from '../../../metricsstore/replicator.js';
import type { StoredShard } from '../../../metricsstore/shard-content.js';
import type { WritableShards } from '../../../metricsstore/shard-writer.js';
import type { FakeClock } from '../../fake-clock.js';

interface Content {
  readonly data: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Follower {
  readonly name: string;
  readonly listener: (shard: StoredShard | undefined) => void;
}

/** The cluster's ConfigMaps in memory, with true compare-and-swap; each replica has its own `view` of them. */
export class MemoryShards {
  readonly #shards = new Map<string, StoredShard>();
  readonly #views: MemoryView[] = [];
  #revision = 0;
  /** Every write that came through, by whom. */
  readonly writes: { readonly by: string; readonly name: string }[] = [];
  readonly removals: string[] = [];

  view(clock: FakeClock, by = 'a'): MemoryView {
    const view = new MemoryView(this, clock, by);
    this.#views.push(view);
    return view;
  }

  get(name: string): StoredShard | undefined {
    return this.#shards.get(name);
  }

  names(): string[] {
    return [...this.#shards.keys()].sort();
  }

  /** What somebody else does to a ConfigMap, whatever its revision. */
  set(name: string, content: Partial<Content>): void {
    const before = this.#shards.get(name);
    this.#put(name, {
      data: content.data ?? before?.data ?? {},
      annotations: content.annotations ?? before?.annotations ?? {},
    });
  }

  edit(name: string, edit: (data: Record<string, string>) => void): void {
    const data = { ...this.#shards.get(name)?.data };
    edit(data);
    this.set(name, { data });
  }

  delete(name: string): void {
    this.#shards.delete(name);
    for (const view of this.#views) view.tell(name);
  }

  swap(by: string, name: string, content: Content, revision: string | undefined): Result<StoredShard, Fault> {
    const before = this.#shards.get(name);
    if (before?.revision !== revision) {
      const code = before === undefined ? 'kube.not_found' : 'kube.conflict';
      return fail(new Fault(code, `revision ${revision} of ${name} is not ${before?.revision}`));
    }
    this.writes.push({ by, name });
    return ok(
      this.#put(name, {
        data: content.data,
        annotations: { ...before?.annotations, ...content.annotations },
      }),
    );
  }

  remove(name: string, revision: string): Result<undefined, Fault> {
    const before = this.#shards.get(name);
    if (before !== undefined && before.revision !== revision)
      return fail(new Fault('kube.conflict', 'changed'));
    this.removals.push(name);
    this.delete(name);
    return ok(undefined);
  }

  #put(name: string, content: Content): StoredShard {
    this.#revision += 1;
    const shard = { ...structuredClone(content), revision: String(this.#revision) };
    this.#shards.set(name, shard);
    for (const view of this.#views) view.tell(name);
    return shard;
  }
}

/** One replica's road to the ConfigMaps: it can be silent, cut off, slow, or meet others on the way. */
export class MemoryView implements ShardBox, WritableShards {
  readonly #shards: MemoryShards;
  readonly #clock: FakeClock;
  readonly #by: string;
  #followers: Follower[] = [];
  #heardAtMs: number | undefined;
  /** No event arrives and no bookmark. */
  isSilent = false;
  /** Of this one no event arrives. */
  holdsBack: string | undefined;
  /** Every call fails. */
  isCutOff = false;
  /** Reads are not answered. */
  isReadHanging = false;
  /** What happens after a write was decided on and before it arrives, once for each entry. */
  readonly beforeWrites: ((name: string) => void)[] = [];
  /** The next writes arrive, but their answers do not. */
  lostAnswers = 0;
  reads = 0;
  attempts = 0;

  constructor(shards: MemoryShards, clock: FakeClock, by: string) {
    this.#shards = shards;
    this.#clock = clock;
    this.#by = by;
  }

  async read(name: string, signal: AbortSignal): Promise<Result<StoredShard | undefined, Fault>> {
    this.reads += 1;
    await this.#road();
    if (this.isReadHanging) await this.#clock.sleep(10_000, signal);
    if (this.isReadHanging) return fail(new Fault('kube.unreachable', 'no answer within 10 s'));
    return this.isCutOff ? fail(new Fault('kube.unreachable', 'cut off')) : ok(this.#shards.get(name));
  }

  async write(
    name: string,
    content: Content,
    revision: string | undefined,
  ): Promise<Result<StoredShard, Fault>> {
    this.attempts += 1;
    await this.#road();
    this.beforeWrites.shift()?.(name);
    if (this.isCutOff) return fail(new Fault('kube.unreachable', 'cut off'));
    const written = this.#shards.swap(this.#by, name, content, revision);
    if (this.lostAnswers === 0) return written;
    this.lostAnswers -= 1;
    return fail(new Fault('kube.unreachable', 'no answer within 10 s'));
  }

  async remove(name: string, revision: string): Promise<Result<undefined, Fault>> {
    await this.#road();
    return this.isCutOff
      ? fail(new Fault('kube.unreachable', 'cut off'))
      : this.#shards.remove(name, revision);
  }

  async follow(name: string, listener: Follower['listener'], signal: AbortSignal): Promise<void> {
    const follower = { name, listener };
    this.#followers.push(follower);
    await this.#road();
    if (!signal.aborted) this.tell(name);
    await new Promise<void>((resolve) => {
      if (signal.aborted) return resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    this.#followers = this.#followers.filter((other) => other !== follower);
  }

  /** A watch that lives hears bookmarks all the time. */
  heardAgoMs(): number {
    if (this.#heardAtMs === undefined) return Number.POSITIVE_INFINITY;
    if (!this.isSilent && !this.isCutOff) this.#heardAtMs = this.#clock.monotonicMs();
    return this.#clock.monotonicMs() - this.#heardAtMs;
  }

  get following(): string[] {
    return [...new Set(this.#followers.map((follower) => follower.name))].sort();
  }

  tell(name: string): void {
    if (this.isSilent || this.isCutOff || this.holdsBack === name) return;
    for (const follower of this.#followers) {
      if (follower.name !== name) continue;
      this.#heardAtMs = this.#clock.monotonicMs();
      follower.listener(this.#shards.get(name));
    }
  }

  /** The road is mended, and every watch begins anew with a look at what there is. */
  mend(): void {
    this.isSilent = false;
    this.isCutOff = false;
    for (const name of this.following) this.tell(name);
  }

  /** What lies in the network takes a turn of the event loop. */
  #road(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }
}
