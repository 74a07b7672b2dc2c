import { html } from 'htm/preact';
import { useEffect, useState } from 'preact/hooks';
import type { PageState } from '../model/state.js';
import { MetricCard } from './metric-card.js';

export interface AutoscalerViewProps {
  readonly state: PageState;
  /** `namespace/name` */
  readonly id: string;
  readonly nowMs: number;
  readonly samples: number;
}

/** One autoscaler: its size, its metrics, and why it has that size, where the replica can tell. */
export function AutoscalerView({ state, id, nowMs, samples }: AutoscalerViewProps) {
  const row = state.autoscalers[id];
  const back = html`<p><a href="#/">All metrics</a></p>`;
  if (row === undefined)
    return html`<section>${back}<h2>${id}</h2><p class="card">There is no such autoscaler with external metrics.</p></section>`;
  return html`<section aria-labelledby="autoscaler-title">
    ${back}
    <h2 id="autoscaler-title">${id}</h2>
    <div class="card">
      <dl class="facts">
        <div><dt>Replicas now</dt><dd>${row.currentReplicas ?? 'not told yet'}</dd></div>
        <div><dt>Wanted</dt><dd>${row.desiredReplicas ?? 'not told yet'}</dd></div>
        <div><dt>At least</dt><dd>${row.minReplicas}</dd></div>
        <div><dt>At most</dt><dd>${row.maxReplicas}</dd></div>
      </dl>
      ${row.troubles.map((trouble) => html`<p class="detail" key=${trouble}>${trouble}</p>`)}
    </div>
    ${state.overview.canExplain ? html`<${Explanation} id=${id} samples=${samples} />` : ''}
    <div class="cards">
      ${row.metrics.map((metric) => {
        const found = state.metrics[metric];
        return found === undefined
          ? html`<p class="card" key=${metric}>${metric}: not asked of Datadog yet</p>`
          : html`<${MetricCard} key=${metric} row=${found} autoscalers=${state.autoscalers} nowMs=${nowMs} samples=${samples} />`;
      })}
    </div>
  </section>`;
}

function Explanation({ id, samples }: { readonly id: string; readonly samples: number }) {
  const [text, setText] = useState('');
  useEffect(() => {
    void readExplanation(id).then(setText);
  }, [id, samples]);
  if (text === '') return '';
  return html`<div class="card"><h3>Why it has this size</h3><pre tabindex="0">${text}</pre></div>`;
}

async function readExplanation(id: string): Promise<string> {
  try {
    const answer = await fetch(`/api/explain?autoscaler=${encodeURIComponent(id)}`);
    return answer.ok ? await answer.text() : '';
  } catch {
    // The server is away, which the head of the page says.
    return '';
  }
}
