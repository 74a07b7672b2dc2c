import { html } from 'htm/preact';
import type { MetricRow, PageState } from '../model/state.js';
import { spokenDuration, spokenNumber, spokenTarget } from '../model/words.js';
import { Plot } from './plot.js';

export interface MetricCardProps {
  readonly row: MetricRow;
  readonly autoscalers: PageState['autoscalers'];
  readonly nowMs: number;
  readonly samples: number;
}

export function MetricCard({ row, autoscalers, nowMs, samples }: MetricCardProps) {
  const [use] = row.uses;
  const autoscaler = use === undefined ? undefined : autoscalers[use.autoscaler];
  const age = row.observedAtMs === null ? '–' : spokenDuration((nowMs - row.observedAtMs) / 1000);
  const wanted =
    autoscaler === undefined ? '–' : `${autoscaler.currentReplicas ?? '?'} of ${autoscaler.maxReplicas}`;
  return html`<article class="card metric ${row.state}" data-metric=${row.id}>
    <header>
      <h3>${row.name}${row.selector === '' ? '' : html` <span class="selector">{${row.selector}}</span>`}</h3>
      <span class="badge ${row.state}">${row.state === 'invalid' ? row.reason : row.state}</span>
    </header>
    <dl class="facts">
      ${fact(row.state === 'valid' ? 'Value' : 'Last value', row.value === null ? '–' : spokenNumber(row.value), 'value')}
      ${fact('Target', use === undefined ? '–' : spokenTarget(use.target), 'target')}
      ${fact('Replicas', wanted, 'replicas')}
      ${fact('Age', age, '')}
    </dl>
    ${row.detail === null ? '' : html`<p class="detail">${row.detail}</p>`}
    ${
      row.hasHistory
        ? html`<${Plot} row=${row} target=${use?.target ?? null} samples=${samples} />`
        : html`<p class="soft">No history: it begins with the next sample, and 1,000 metrics have one.</p>`
    }
    <p class="users">
      <span class="soft">Namespace ${row.namespace}. Asked for by </span>
      ${row.uses.length === 0 ? html`<span class="soft">nobody now</span>` : row.uses.map(autoscalerLink)}
    </p>
    ${row.query === null ? '' : html`<details><summary>Query</summary><code>${row.query}</code></details>`}
  </article>`;
}

function fact(name: string, text: string, kind: string) {
  return html`<div class=${kind}><dt>${name}</dt><dd>${text}</dd></div>`;
}

function autoscalerLink({ autoscaler }: { readonly autoscaler: string }) {
  return html`<a key=${autoscaler} href=${autoscalerAddress(autoscaler)}>${autoscaler}</a> `;
}

export function autoscalerAddress(autoscaler: string): string {
  return `#/hpa/${autoscaler}`;
}
