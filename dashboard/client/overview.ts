import { html } from 'htm/preact';
import { countStates } from '../model/filter.js';
import type { Change, PageState } from '../model/state.js';
import { budgetShare, spokenDuration, spokenNumber } from '../model/words.js';
import type { Connection } from './live.js';

export interface OverviewProps {
  readonly state: PageState;
  readonly nowMs: number;
}

export function Head({ connection, pod }: { readonly connection: Connection; readonly pod: string }) {
  return html`<header class="head">
    <h1><a href="#/">Cluster Agent</a> <span class="soft">${pod}</span></h1>
    <p role="status" id="connection" class="connection ${connection.kind}">${connectionText(connection)}</p>
  </header>`;
}

function connectionText(connection: Connection): string {
  switch (connection.kind) {
    case 'connecting':
      return 'Connecting …';
    case 'live':
      return 'Live';
    case 'waiting':
      return 'No connection; trying again';
    case 'shut-out':
      return 'The session has ended; run launch-gui again';
  }
}

export function Overview({ state, nowMs }: OverviewProps) {
  const { overview } = state;
  const counts = countStates(Object.values(state.metrics));
  return html`<section class="tiles" aria-label="Overview">
    ${tile('Metrics', `${counts.valid} of ${counts.all} valid`, `${counts.invalid} invalid, ${counts.pending} pending`, counts.invalid > 0)}
    ${tile('Leader', overview.leader.name ?? 'not known', overview.leader.who === 'me' ? 'this replica' : '', overview.leader.who === 'unknown')}
    ${replicasTile(overview)}
    ${budgetTile(overview)}
    ${certificateTile(overview, nowMs)}
    ${tile('Running for', spokenDuration((nowMs - overview.startedAtMs) / 1000), `version ${overview.version}`, false)}
  </section>
  ${[...overview.unready, ...overview.untold].map((text) => html`<p class="detail" key=${text}>${text}</p>`)}`;
}

function tile(name: string, text: string, more: string, isBad: boolean) {
  return html`<div class="tile ${isBad ? 'bad' : ''}">
    <h2>${name}</h2><p class="big">${text}</p><p class="soft">${more}</p>
  </div>`;
}

function replicasTile({ replicas }: PageState['overview']) {
  const ready = replicas.filter(({ isReady }) => isReady).length;
  const names = replicas.map(({ name, isReady }) => `${name}${isReady ? '' : ' (not ready)'}`).join(', ');
  const more = names === '' ? 'the Service has none' : names;
  return tile('Replicas', `${ready} of ${replicas.length} ready`, more, ready < replicas.length);
}

function budgetTile({ budget }: PageState['overview']) {
  const share = budget === null ? null : budgetShare(budget);
  if (budget === null || share === null)
    return tile('Datadog budget', 'not known', 'the leader asks Datadog', false);
  const per = budget.periodSeconds === null ? '' : ` in ${spokenDuration(budget.periodSeconds)}`;
  return html`<div class="tile ${share < 0.1 ? 'bad' : ''}">
    <h2 id="budget-title">Datadog budget</h2>
    <p class="big">${spokenNumber(budget.remaining ?? 0)} left</p>
    <meter aria-labelledby="budget-title" min="0" max="1" low="0.1" high="0.3" optimum="1" value=${share}></meter>
    <p class="soft">of ${spokenNumber(budget.limit)} calls${per}</p>
  </div>`;
}

function certificateTile({ certificateNotAfterMs }: PageState['overview'], nowMs: number) {
  if (certificateNotAfterMs === null) return tile('Certificate', 'none yet', '', true);
  const leftSeconds = (certificateNotAfterMs - nowMs) / 1000;
  const until = `until ${new Date(certificateNotAfterMs).toISOString().slice(0, 10)}`;
  return leftSeconds > 0
    ? tile('Certificate', `${spokenDuration(leftSeconds)} left`, until, leftSeconds < 7 * 86_400)
    : tile('Certificate', 'has ended', until, true);
}

export function Reflectors({ state, nowMs }: OverviewProps) {
  return html`<section aria-labelledby="reflectors-title">
    <h2 id="reflectors-title">What is watched in the cluster</h2>
    <table class="card">
      <thead><tr><th scope="col">Kind</th><th scope="col">Objects</th><th scope="col">Heard of</th></tr></thead>
      <tbody>${state.overview.reflectors.map(
        ({ name, objects, heardAtMs, isStale }) => html`<tr key=${name} class=${isStale ? 'bad' : ''}>
          <th scope="row">${name}</th><td>${objects ?? '–'}</td>
          <td>${heardAtMs === null ? 'never' : `${spokenDuration((nowMs - heardAtMs) / 1000)} ago`}${isStale ? ' (too long)' : ''}</td>
        </tr>`,
      )}</tbody>
    </table>
  </section>`;
}

/** How many changes are in the document. */
const shownChanges = 50;

export function Changes({ state }: { readonly state: PageState }) {
  const newest = state.changes.slice(-shownChanges).toReversed();
  return html`<section aria-labelledby="changes-title">
    <h2 id="changes-title">Changes</h2>
    <ol class="card changes" role="log" aria-labelledby="changes-title" tabindex="0">
      ${newest.length === 0 ? html`<li class="soft">None since this replica began to look.</li>` : newest.map(changeLine)}
    </ol>
    ${
      state.overview.warnings.length === 0
        ? ''
        : html`<details class="card"><summary>Last warnings and errors of the log (${state.overview.warnings.length})</summary>
            <ol class="changes">${state.overview.warnings
              .toReversed()
              .map(
                ({ time, level, message }) =>
                  html`<li class=${level === 'warn' ? '' : 'bad'}><time>${time}</time> ${level}: ${message}</li>`,
              )}</ol></details>`
    }
  </section>`;
}

function changeLine({ number, atMs, kind, subject, text }: Change) {
  const time = new Date(atMs).toLocaleTimeString(undefined, { hour12: false });
  return html`<li key=${number} class=${kind}><time>${time}</time> <b>${subject}</b> ${text}</li>`;
}
