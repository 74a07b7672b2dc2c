import { html, render } from 'htm/preact';
import { useEffect, useState } from 'preact/hooks';
import { systemClock } from '../../core/clock.js';
import { AutoscalerView } from './autoscaler-view.js';
import { Live, type View } from './live.js';
import { MetricList } from './metric-list.js';
import { Changes, Head, Overview, Reflectors } from './overview.js';

const start: View = { state: undefined, connection: { kind: 'connecting' }, samples: 0, aheadMs: 0 };

function Page() {
  const [view, setView] = useState(start);
  const [hash, setHash] = useState(location.hash);
  const browserMs = useSeconds();
  useEffect(() => {
    void new Live(setView).run();
    addEventListener('hashchange', () => {
      setHash(location.hash);
      scrollTo(0, 0);
    });
    addEventListener('keydown', focusSearch);
  }, []);
  const { state, connection, samples } = view;
  const head = html`<${Head} connection=${connection} pod=${state?.overview.pod ?? ''} />`;
  if (state === undefined)
    return html`${head}<main><p class="waiting">Waiting for the Cluster Agent …</p></main>`;
  const nowMs = browserMs + view.aheadMs;
  const autoscaler = /^#\/hpa\/(.+)$/.exec(hash)?.[1];
  return html`${head}<main>
    <${Overview} state=${state} nowMs=${nowMs} />
    ${
      autoscaler === undefined
        ? html`<${MetricList} state=${state} nowMs=${nowMs} samples=${samples} />`
        : html`<${AutoscalerView} state=${state} id=${decodeURIComponent(autoscaler)} nowMs=${nowMs} samples=${samples} />`
    }
    <${Changes} state=${state} />
    <${Reflectors} state=${state} nowMs=${nowMs} />
  </main>`;
}

/** `/` leads to the search, as on many pages. */
function focusSearch(event: KeyboardEvent): void {
  const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
  if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  document.getElementById('search')?.focus();
}

/** The browser's time, anew each second: ages grow by themselves. */
function useSeconds(): number {
  const [nowMs, setNowMs] = useState(systemClock.nowMs());
  useEffect(() => {
    const stop = new AbortController();
    const tick = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        await systemClock.sleep(1_000, stop.signal);
        setNowMs(systemClock.nowMs());
      }
    };
    void tick();
    return () => stop.abort();
  }, []);
  return nowMs;
}

const place = document.getElementById('page');
if (place !== null) {
  place.replaceChildren();
  render(html`<${Page} />`, place);
}
