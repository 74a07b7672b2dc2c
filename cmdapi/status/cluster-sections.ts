import { field, type Line, line } from './layout.js';
import type {
  ControlPlaneStatus,
  EventsStatus,
  FollowedStatus,
  MetadataStatus,
  ReflectorStatus,
} from './report.js';
import { counted, duration, since, toIso } from './units.js';

export function reflectorLines(reflectors: readonly ReflectorStatus[], nowMs: number): readonly Line[] {
  return reflectors.map(({ name, objects, silentSeconds, isStale }) => {
    const count = objects === null ? '' : `${counted(objects, 'object')}, `;
    if (silentSeconds === null) return line(1, `${name}: ${count}never heard of`, 'bad');
    const heard = `${name}: ${count}last heard of ${duration(silentSeconds)} ago`;
    const staleSince = toIso(nowMs - silentSeconds * 1000);
    return isStale ? line(1, `${heard} [STALE since ${staleSince}]`, 'bad') : line(1, heard);
  });
}

export function metadataLines(metadata: MetadataStatus): readonly Line[] {
  const { enabled, clusterId, nodes, namespaces, endpoints } = metadata;
  return [
    line(
      1,
      enabled ? 'Status: services are mapped' : 'Status: services are not mapped (DD_USE_METADATA_MAPPER)',
    ),
    line(1, `Cluster ID: ${clusterId ?? 'not known yet'}`, clusterId === null ? 'doubtful' : 'plain'),
    ...followedLines(`Nodes: ${nodes.known}`, nodes),
    ...followedLines(`Namespaces: ${namespaces.known}`, namespaces),
    ...(endpoints === undefined
      ? []
      : followedLines(
          `Services: ${endpoints.groups} groups of endpoints, ${counted(endpoints.pods, 'pod')} on ${counted(endpoints.nodes, 'node')}`,
          endpoints,
        )),
  ];
}

function followedLines(text: string, { synced, health }: FollowedStatus): readonly Line[] {
  const isWell = synced && health.state === 'ready';
  return [
    line(1, synced ? text : `${text}, not read to the end yet`, isWell ? 'plain' : 'doubtful'),
    ...(isWell ? [] : field(2, health.state, health.detail, 'doubtful')),
  ];
}

export function eventLines(events: EventsStatus, nowMs: number): readonly Line[] {
  const dropped = Object.entries(events.dropped).map(([why, count]) => `${why} ${count}`);
  return [
    line(1, `Status: ${events.state}`),
    ...field(1, 'Position', events.position),
    line(1, `Waiting: ${events.queued} read, ${events.underWay} on their way`),
    line(1, `Delivered: ${events.delivered}, last ${since(events.lastDelivered, nowMs)}`),
    ...(dropped.length === 0 ? [] : [line(1, `Dropped: ${dropped.join(', ')}`, 'bad')]),
    ...field(1, 'Error', events.trouble, 'bad'),
  ];
}

export function controlPlaneLines(checks: ControlPlaneStatus, nowMs: number): readonly Line[] {
  const { source, lastReadAt, components, lastSubmission, denial } = checks;
  if (lastReadAt === null) return [line(1, 'Status: waiting for the lead, or for the first look')];
  return [
    line(1, `Read: ${since(lastReadAt, nowMs)} from ${source ?? 'nowhere'}`),
    ...components.map(({ name, status, message, since: from }) =>
      line(
        1,
        `${name} [${status.toUpperCase()}] since ${since(from, nowMs)}${message === '' ? '' : `: ${message}`}`,
        status.toLowerCase() === 'ok' ? 'good' : 'bad',
      ),
    ),
    line(1, `Sent: ${since(lastSubmission?.at ?? null, nowMs)}`),
    ...field(1, 'Error', lastSubmission?.trouble, 'bad'),
    ...field(1, 'Denied', denial, 'bad'),
  ];
}
