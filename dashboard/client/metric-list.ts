import { html } from 'htm/preact';
import { useState } from 'preact/hooks';
import { countStates, filterMetrics, type MetricFilter } from '../model/filter.js';
import type { PageState } from '../model/state.js';
import { MetricCard } from './metric-card.js';

export interface MetricListProps {
  readonly state: PageState;
  readonly nowMs: number;
  readonly samples: number;
}

/** How many are in the document at first, and more with each press. */
const pageSize = 60;

export function MetricList({ state, nowMs, samples }: MetricListProps) {
  const [filter, setFilter] = useState<MetricFilter>({ text: '', state: 'all' });
  const [most, setMost] = useState(pageSize);
  const all = Object.values(state.metrics);
  const found = filterMetrics(all, filter);
  const counts = countStates(all);
  return html`<section aria-labelledby="metrics-title">
    <h2 id="metrics-title">External metrics</h2>
    <form class="filter" role="search" onSubmit=${(event: Event) => event.preventDefault()}>
      <label>Search
        <input id="search" type="search" value=${filter.text} placeholder="name, namespace, autoscaler, reason"
          onInput=${(event: Event) => setFilter({ ...filter, text: textOf(event) })} />
      </label>
      <label>State
        <select id="state" value=${filter.state} onChange=${(event: Event) => setFilter({ ...filter, state: stateOf(event) })}>
          <option value="all">all (${counts.all})</option>
          <option value="invalid">invalid (${counts.invalid})</option>
          <option value="pending">pending (${counts.pending})</option>
          <option value="valid">valid (${counts.valid})</option>
        </select>
      </label>
      <p class="soft" role="status" id="found">${found.length} of ${counts.all} metrics${state.unshownMetrics > 0 ? `; ${state.unshownMetrics} more are served and not shown` : ''}</p>
    </form>
    ${found.length === 0 ? html`<p class="card">${counts.all === 0 ? 'No autoscaler asks for an external metric.' : 'No metric fits this filter.'}</p>` : ''}
    <div class="cards">
      ${found
        .slice(0, most)
        .map(
          (row) =>
            html`<${MetricCard} key=${row.id} row=${row} autoscalers=${state.autoscalers} nowMs=${nowMs} samples=${samples} />`,
        )}
    </div>
    ${
      found.length > most
        ? html`<button type="button" onClick=${() => setMost(most + pageSize)}>Show ${Math.min(pageSize, found.length - most)} more of ${found.length - most}</button>`
        : ''
    }
  </section>`;
}

function textOf({ target }: Event): string {
  return target instanceof HTMLInputElement ? target.value : '';
}

function stateOf({ target }: Event): MetricFilter['state'] {
  const value = target instanceof HTMLSelectElement ? target.value : 'all';
  return value === 'valid' || value === 'invalid' || value === 'pending' ? value : 'all';
}
