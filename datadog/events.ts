import { EventsApi } from '@datadog/datadog-api-client/dist/packages/datadog-api-client-v1/apis/EventsApi.js';
import type { EventCreateRequest } from '@datadog/datadog-api-client/dist/packages/datadog-api-client-v1/models/EventCreateRequest.js';
import type { Clock } from '../core/clock.js';
import { Fault } from '../core/fault.js';
import { fail, ok, type Result } from '../core/result.js';
import type { DatadogClient } from './client.js';

/** An event as it is sent. */
export interface EventDraft {
  readonly title: string;
  readonly text: string;
  readonly happenedAtMs: number;
  readonly alertType: 'info' | 'warning';
  readonly aggregationKey: string;
  readonly host: string | undefined;
  readonly tags: readonly string[];
}

/** The integration that the original agent names for events of Kubernetes. */
const sourceTypeName = 'kubernetes';

/** Sends events by Datadog's events API. */
export class DatadogEvents {
  readonly #ports: { readonly client: DatadogClient; readonly clock: Clock };

  constructor(ports: { readonly client: DatadogClient; readonly clock: Clock }) {
    this.#ports = ports;
  }

  /**
   * One call. An instant ahead of our clock is taken for now, since no event can be later. Faults: `datadog.too_large`,
   * `datadog.rejected`, `datadog.denied`, `datadog.rate_limited`, `datadog.unreachable`.
   */
  send(event: EventDraft, signal: AbortSignal): Promise<Result<undefined, Fault>> {
    const { client, clock } = this.#ports;
    const body: EventCreateRequest = {
      title: event.title,
      text: event.text,
      dateHappened: Math.floor(Math.min(event.happenedAtMs, clock.nowMs()) / 1000),
      priority: 'normal',
      alertType: event.alertType,
      aggregationKey: event.aggregationKey,
      sourceTypeName,
      tags: [...event.tags],
      ...(event.host === undefined ? {} : { host: event.host }),
    };
    return client.call(
      async (configuration) => {
        const created = await new EventsApi(configuration).createEvent({ body });
        // A page of a proxy comes with a status of success too; what it swallowed has not arrived.
        return created.status === 'ok' ? ok(undefined) : fail(notTaken());
      },
      () => {},
      signal,
    );
  }
}

function notTaken(): Fault {
  return new Fault(
    'datadog.unreachable',
    'what answered a sent event is not Datadog (it did not say "ok"): check proxy (DD_PROXY_HTTPS), DD_SITE and DD_URL',
  );
}
