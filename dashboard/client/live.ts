import { backoffMs } from '../../core/backoff.js';
import { systemClock } from '../../core/clock.js';
import { apply, type Difference } from '../model/difference.js';
import type { PageState } from '../model/state.js';

/** How the page stands to its server. */
export type Connection =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** No stream: the state is asked for again and again. */
  | { readonly kind: 'waiting'; readonly failures: number }
  | { readonly kind: 'shut-out' };

export interface View {
  readonly state: PageState | undefined;
  readonly connection: Connection;
  /** Grows with each sample that the plots do not have yet. */
  readonly samples: number;
  /** The server's clock ahead of the browser's. */
  readonly aheadMs: number;
}

/** Two beats of the server may be missed. */
const silenceMs = 35_000;
const bounds = { firstMs: 500, capMs: 10_000 };

/** Keeps the page's state in step with the server, over the server's restarts. */
export class Live {
  #view: View = { state: undefined, connection: { kind: 'connecting' }, samples: 0, aheadMs: 0 };
  readonly #onChange: (view: View) => void;
  #failures = 0;
  #heardAtMs = 0;

  constructor(onChange: (view: View) => void) {
    this.#onChange = onChange;
  }

  /** Until the session has ended. */
  async run(): Promise<void> {
    const never = new AbortController().signal;
    while (true) {
      await this.#listen();
      this.#failures += 1;
      // Without a stream, what is known can still be asked for.
      if ((await this.#ask()) === 'shut-out') return;
      await systemClock.sleep(backoffMs(this.#failures, bounds, 0.5), never);
    }
  }

  /** One stream, until it breaks or has been silent for too long. */
  #listen(): Promise<void> {
    const stream = new EventSource('/api/stream');
    const ended = new AbortController();
    this.#heardAtMs = systemClock.monotonicMs();
    const on = (event: string, take: (data: unknown) => void): void =>
      stream.addEventListener(event, ({ data }: MessageEvent<string>) => {
        this.#heardAtMs = systemClock.monotonicMs();
        take(JSON.parse(data));
      });
    on('state', (data) => {
      this.#failures = 0;
      this.#take(data as PageState, { kind: 'live' });
    });
    on('change', (data) => this.#change(data as Difference));
    on('sample', () => this.#show({ samples: this.#view.samples + 1 }));
    on('beat', () => {});
    stream.addEventListener('error', () => ended.abort());
    return this.#untilSilent(ended).finally(() => stream.close());
  }

  async #untilSilent(ended: AbortController): Promise<void> {
    while (!ended.signal.aborted && systemClock.monotonicMs() - this.#heardAtMs < silenceMs)
      await systemClock.sleep(1_000, ended.signal);
  }

  async #ask(): Promise<Connection['kind']> {
    const connection: Connection = { kind: 'waiting', failures: this.#failures };
    try {
      const answer = await fetch('/api/state');
      if (answer.status === 401) this.#show({ connection: { kind: 'shut-out' } });
      else if (answer.ok) this.#take((await answer.json()) as PageState, connection);
      else this.#show({ connection });
    } catch {
      // The server is away, which the page says.
      this.#show({ connection });
    }
    return this.#view.connection.kind;
  }

  #change(found: Difference): void {
    const { state } = this.#view;
    if (state !== undefined) this.#take(apply(state, found), { kind: 'live' });
  }

  #take(state: PageState, connection: Connection): void {
    const aheadMs = state.nowMs - systemClock.nowMs();
    this.#show({ state, connection, aheadMs });
  }

  #show(part: Partial<View>): void {
    this.#view = { ...this.#view, ...part };
    this.#onChange(this.#view);
  }
}
