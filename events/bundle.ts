import type { ClusterEvent } from '../core/cluster-event.js';
import {
  commonParts,
  kindName,
  longestText,
  type Message,
  type MessageOptions,
  objectName,
  pair,
  shorten,
  tagList,
} from './message.js';

/**
 * What Datadog is to be told of these events: one message for those of the same object and type, as the original agent
 * bundles them, or one for each. Equal input gives equal messages, in whatever order it comes. No event is left out: one
 * without a reason or message says so.
 */
export function toMessages(events: readonly ClusterEvent[], options: MessageOptions): readonly Message[] {
  const ordered = [...events].sort(byObject);
  if (options.unbundle) return ordered.map((event) => toSingle(event, options));
  return [...groups(ordered).values()].flatMap((group) => toBundles(group, options));
}

/** Two messages of what was too large as one; a message of one event is cut in half. `undefined`: it gets no smaller. */
export function split(message: Message, options: MessageOptions): readonly Message[] | undefined {
  const { sources, event } = message;
  if (sources.length > 1) {
    const middle = Math.ceil(sources.length / 2);
    return [sources.slice(0, middle), sources.slice(middle)].flatMap((half) => toMessages(half, options));
  }
  const longest = Math.floor(event.text.length / 2);
  if (longest < 100) return undefined;
  return [{ sources, event: { ...event, text: wrapped(shorten(bare(event.text), longest), options) } }];
}

/** Whatever the order in which they came: by object, then by time. */
function byObject(a: ClusterEvent, b: ClusterEvent): number {
  return order(groupOf(a), groupOf(b)) || a.lastAtMs - b.lastAtMs || order(a.uid, b.uid);
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function groups(events: readonly ClusterEvent[]): Map<string, ClusterEvent[]> {
  const found = new Map<string, ClusterEvent[]>();
  for (const event of events) {
    const group = found.get(groupOf(event));
    if (group === undefined) found.set(groupOf(event), [event]);
    else group.push(event);
  }
  return found;
}

/** Objects without a uid (a cluster's own events have none) are told apart by their names. */
function groupOf({ involved: { kind, namespace, name, uid }, type }: ClusterEvent): string {
  return JSON.stringify([kind, uid === '' ? [namespace, name] : uid, type]);
}

interface Line {
  readonly text: string;
  readonly events: readonly ClusterEvent[];
}

/** As many messages as its lines fill; most often one. */
function toBundles(group: readonly ClusterEvent[], options: MessageOptions): Message[] {
  const messages: Message[] = [];
  let lines: Line[] = [];
  let length = 0;
  const close = (): void => {
    if (lines.length > 0) messages.push(toBundle(lines, options));
    [lines, length] = [[], 0];
  };
  for (const line of toLines(group)) {
    if (length + line.text.length + 1 > roomForLines) close();
    lines.push(line);
    length += line.text.length + 1;
  }
  close();
  return messages;
}

/** What the frame around the lines takes is less than this. */
const roomForLines = longestText - 600;

function toBundle(lines: readonly Line[], options: MessageOptions): Message {
  const sources = lines.flatMap(({ events }) => events);
  const first = sources[0] as ClusterEvent;
  const common = commonParts(first, options);
  const components = tagList(sources.map(({ component }) => component).filter((name) => name !== ''));
  const lastAtMs = Math.max(...sources.map((event) => event.lastAtMs));
  const firstAtMs = Math.min(lastAtMs, ...sources.map((event) => event.firstAtMs));
  const by = shorten(components.join(', ') || 'cluster', 300);
  const footer = `_Events emitted by the ${by} seen at ${toGoTime(lastAtMs)} since ${toGoTime(firstAtMs)}_`;
  return {
    sources,
    event: {
      ...common,
      title: shorten(`Events from the ${kindName(first)} ${objectName(first)}`),
      text: `%%% \n${lines.map(({ text }) => text).join('\n')}\n \n ${footer} \n\n %%%`,
      happenedAtMs: lastAtMs,
      tags: tagList([...common.tags, ...components.map((name) => `source_component:${name}`)]),
    },
  };
}

/** A line for each reason and message, with how often that happened. */
function toLines(group: readonly ClusterEvent[]): Line[] {
  const kinds = new Map<string, ClusterEvent[]>();
  for (const event of group) {
    const kind = JSON.stringify([event.reason, event.message]);
    kinds.set(kind, [...(kinds.get(kind) ?? []), event]);
  }
  const lines = [...kinds.values()].map((events): Line => {
    const [{ reason, message }] = events as [ClusterEvent];
    const count = events.reduce((sum, event) => sum + event.count, 0);
    const text = `${count} **${escapeMarkdown(reason || 'no reason')}**: ${escapeMarkdown(message || 'no message')}`;
    return { text: shorten(text, roomForLines - 1), events };
  });
  return lines.sort((a, b) => order(a.text, b.text));
}

function toSingle(event: ClusterEvent, options: MessageOptions): Message {
  const common = commonParts(event, options);
  const reason = event.reason || 'no reason';
  return {
    sources: [event],
    event: {
      ...common,
      title: shorten(`${kindName(event)} ${objectName(event)}: ${reason}`),
      text: shorten(event.message || 'no message', longestText),
      happenedAtMs: event.lastAtMs,
      tags: tagList([...common.tags, ...pair('event_reason', event.reason)]),
    },
  };
}

/** `~` strikes out, and `%%%` ends what is read as Markdown. */
function escapeMarkdown(text: string): string {
  return text.replaceAll('~', '\\~').replaceAll('%%%', '%% %');
}

function bare(text: string): string {
  return text.replace(/^%%% \n/, '').replace(/\n\n %%%$/, '');
}

function wrapped(text: string, options: MessageOptions): string {
  return options.unbundle ? text : `%%% \n${text}\n\n %%%`;
}

/** As Go prints an instant, which is what the original agent shows. */
function toGoTime(ms: number): string {
  return new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' +0000 UTC');
}
