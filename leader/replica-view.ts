import type { Leader } from './leader.js';

/**
 * A clause for messages: whose values this replica serves, and how long ago they last changed here.
 *
 * @param trouble what else is to be known of this replica
 */
export function describeReplica(
  leader: Leader,
  unchangedForMs: number | undefined,
  trouble?: string,
): string {
  const role = describeRole(leader, unchangedForMs);
  return trouble === undefined ? role : `${role}; ${trouble}`;
}

function describeRole(leader: Leader, unchangedForMs: number | undefined): string {
  const lastUpdate =
    unchangedForMs === undefined
      ? 'whose values have not come yet'
      : `whose last update came ${Math.round(unchangedForMs / 1000)} s ago`;
  switch (leader.who) {
    case 'me':
      return 'this replica leads and asks Datadog itself';
    case 'other':
      return `this replica follows ${leader.name}, ${lastUpdate}`;
    case 'unknown':
      return `this replica knows of no leader (the health of leader-election says more); it serves what the last one left, ${lastUpdate}`;
  }
}
