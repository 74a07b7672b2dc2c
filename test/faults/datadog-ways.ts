import type { DatadogFault } from '../../simulator/datadog/faults.js';

/** One way for Datadog to be of no use. */
export interface Way {
  readonly id: string;
  readonly title: string;
  /** One after the other while it lasts; none stands for nobody who listens. */
  readonly faults: readonly DatadogFault[];
  /** What must be said of it. */
  readonly cause: RegExp;
  /** How long it lasts in the short run; beyond the age of values where it is left out, as always in the long run. */
  readonly shortMs?: number;
  /** Only in the long run: for a reader it is as another one. */
  readonly isLong?: boolean;
  /** How long a call may take that is under way when Datadog is back. */
  readonly callSeconds?: number;
  /** Its words that sound like missing rights in the cluster. */
  readonly forbidden?: readonly RegExp[];
}

/** As the world sets it. */
const timeoutSeconds = 3;

/** All ways in which no query is answered. One bad query and the rate limit are other matters. */
export const ways: readonly Way[] = [
  {
    id: '3a',
    title: 'Datadog is down',
    faults: [],
    cause: /127\.0\.0\.1:\d+ cannot be reached \(connect ECONNREFUSED/,
  },
  {
    id: '3b',
    title: 'Datadog hangs',
    faults: [{ kind: 'hang' }, { kind: 'hang', at: 'body' }],
    cause: /127\.0\.0\.1:\d+ did not answer within 3 s/,
    shortMs: 3_300,
    callSeconds: timeoutSeconds,
  },
  {
    id: '3c',
    title: 'Datadog resets connections',
    faults: [{ kind: 'reset' }, { kind: 'reset', at: 'body' }],
    cause: /127\.0\.0\.1:\d+ cannot be reached \(.*(ECONNRESET|other side closed|terminated|aborted)/,
    shortMs: 2_500,
  },
  {
    id: '3d',
    title: 'Datadog refuses the keys (403)',
    faults: [{ kind: 'status', status: 403 }],
    cause: /127\.0\.0\.1:\d+ refused the keys \(403: Forbidden\): check DD_API_KEY and DD_APP_KEY/,
    forbidden: [/127\.0\.0\.1:\d+ refused the keys \(403: Forbidden\)/],
  },
  {
    id: '3f',
    title: 'Datadog answers 500, 502, 503',
    faults: [
      { kind: 'status', status: 500 },
      { kind: 'status', status: 502 },
      { kind: 'status', status: 503 },
    ],
    cause: /127\.0\.0\.1:\d+ answered 50[023]/,
    shortMs: 4_500,
  },
  {
    id: '3g',
    title: 'Datadog answers with a web page, half a body',
    faults: [{ kind: 'html' }, { kind: 'truncated' }],
    cause: /Datadog, or a proxy on the way, answered 200 with a body that cannot be read/,
    shortMs: 2_500,
  },
  {
    id: '3i',
    title: 'Datadog is slow by 10 s',
    isLong: true,
    faults: [{ kind: 'latency', ms: 10_000 }],
    cause: /127\.0\.0\.1:\d+ did not answer within 3 s/,
    shortMs: 3_500,
    callSeconds: timeoutSeconds,
  },
  {
    id: '3j',
    title: 'Datadog refuses every query',
    faults: [
      { kind: 'errorBody', message: 'internal trouble' },
      { kind: 'status', status: 400 },
      { kind: 'status', status: 422 },
    ],
    cause: /Datadog refuses queries that it answered before \((200 with an error|400|422): /,
    shortMs: 3_500,
  },
];
