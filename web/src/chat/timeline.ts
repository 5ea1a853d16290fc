/** A room's events as they are read: days, who said several things in a row, edits, reactions, threads, faces of readers. Pure. */
import { STARTS } from './poll';
import type { Content, Pending, RoomEvent, RoomState } from './types';

/** What was said within this time by one person stands under one name. */
const TOGETHER = 5 * 60_000;
const SAID = new Set(['m.room.message', 'm.sticker', 'm.room.encrypted', ...STARTS]);
const NOTED = new Set(['m.room.create', 'm.room.member', 'm.room.name', 'm.room.topic', 'm.room.encryption', 'm.room.pinned_events', 'org.parvis.room_kind', 'm.room.tombstone']);

export interface Reaction {
  key: string;
  users: string[];
  /** One's own, to take it back by. */
  mine?: string;
}

export interface Thread {
  count: number;
  latest: RoomEvent;
  people: string[];
}

export interface Said {
  kind: 'said';
  key: string;
  event: RoomEvent;
  /** What it says after its edits. */
  content: Content;
  /** Whether the name stands above. */
  head: boolean;
  edited: boolean;
  gone: boolean;
  reactions: Reaction[];
  thread?: Thread;
  /** Who has read as far as this, and no further. */
  readers: string[];
  pending?: Pending;
}

export type Item = Said | { kind: 'day'; key: string; at: number } | { kind: 'new'; key: string } | { kind: 'notes'; key: string; events: RoomEvent[] };

interface Relation {
  rel_type?: string;
  event_id?: string;
  key?: string;
  is_falling_back?: boolean;
  'm.in_reply_to'?: { event_id?: string };
}

export function relationOf(event: Pick<RoomEvent, 'content'>): Relation {
  return (event.content['m.relates_to'] as Relation | undefined) ?? {};
}

/** Whether an event is a line of what was said. Edits are none. What is sealed and only refers to another event is none
 * opened either: it is an answer to a poll, or a step of comparing signs. */
function isSaid(event: RoomEvent): boolean {
  const { rel_type: type } = relationOf(event);
  return SAID.has(event.type) && type !== 'm.replace' && !(event.type === 'm.room.encrypted' && type === 'm.reference');
}

/** The root of the thread that an event is in, empty for the main timeline. */
export function threadOf(event: Pick<RoomEvent, 'content'>): string {
  const { rel_type: type, event_id: root = '' } = relationOf(event);
  return type === 'm.thread' ? root : '';
}

/** What an event answers, apart from what a thread says for clients that know none. */
export function answeredBy(event: Pick<RoomEvent, 'content'>): string {
  const relation = relationOf(event);
  return relation.is_falling_back ? '' : (relation['m.in_reply_to']?.event_id ?? '');
}

/** What waits, as if it had been said already. */
export function echoOf(pending: Pending, me: string): RoomEvent {
  return { event_id: pending.eventId ?? `~${pending.txn}`, type: pending.type, sender: me, origin_server_ts: pending.made, content: pending.content, unsigned: { transaction_id: pending.txn } };
}

/** A content about what was still waiting as it was written: with the id that this has by now. */
export function aimed(content: Content, idOf: (txn: string) => string | undefined): Content {
  const about = relationOf({ content });
  const now = (id: string | undefined) => (id?.startsWith('~') ? (idOf(id.slice(1)) ?? id) : id);
  const [target, answered] = [about.event_id, about['m.in_reply_to']?.event_id];
  if (now(target) === target && now(answered) === answered) return content;
  return { ...content, 'm.relates_to': { ...about, ...(target ? { event_id: now(target) } : {}), ...(answered ? { 'm.in_reply_to': { event_id: now(answered) } } : {}) } };
}

/** What events say about others: the newest edit, reactions, threads. */
export interface About {
  edits: Map<string, RoomEvent>;
  reactions: Map<string, Reaction[]>;
  threads: Map<string, Thread>;
  /** Whether something may still be seen: not taken back. */
  gone: (event: RoomEvent) => boolean;
}

export function aboutOf(events: RoomEvent[], me: string, hidden: ReadonlySet<string> = new Set()): About {
  const edits = new Map<string, RoomEvent>();
  const reactions = new Map<string, Map<string, Reaction>>();
  const threads = new Map<string, Thread>();
  const senders = new Map(events.map((event) => [event.event_id, event.sender]));
  const gone = (event: RoomEvent) => !!event.unsigned?.redacted_because || hidden.has(event.event_id);
  for (const event of events) {
    const bundled = event.unsigned?.['m.relations'];
    if (bundled?.['m.replace']) edits.set(event.event_id, bundled['m.replace']);
    if (bundled?.['m.thread']) {
      const { count, latest_event: latest } = bundled['m.thread'];
      threads.set(event.event_id, { count, latest, people: [latest.sender] });
    }
  }
  const counted = new Map<string, Thread>();
  for (const event of events) {
    const { rel_type: type, event_id: about, key } = relationOf(event);
    if (!about || gone(event)) continue;
    if (type === 'm.replace' && (senders.get(about) ?? event.sender) === event.sender) {
      const known = edits.get(about);
      if (!known || known.origin_server_ts <= event.origin_server_ts) edits.set(about, event);
    } else if (type === 'm.annotation' && event.type === 'm.reaction' && key) {
      const keys = reactions.get(about) ?? new Map<string, Reaction>();
      const one = keys.get(key) ?? { key, users: [] };
      if (!one.users.includes(event.sender)) one.users.push(event.sender);
      if (event.sender === me) one.mine = event.event_id;
      reactions.set(about, keys.set(key, one));
    } else if (type === 'm.thread') {
      const one = counted.get(about) ?? { count: 0, latest: event, people: [] };
      counted.set(about, { count: one.count + 1, latest: event, people: [event.sender, ...one.people.filter((user) => user !== event.sender)].slice(0, 4) });
    }
  }
  // All answers come after what they answer: where that is here, so are they.
  for (const root of new Set([...threads.keys(), ...counted.keys()])) if (senders.has(root)) {
    const here = counted.get(root);
    if (here) threads.set(root, here);
    else threads.delete(root);
  }
  return { edits, reactions: new Map([...reactions].map(([about, keys]) => [about, [...keys.values()]])), threads, gone };
}

/** What an event says, and whether that has been edited. */
export function contentOf(event: RoomEvent, edits: About['edits']): { content: Content; edited: boolean } {
  const edit = edits.get(event.event_id)?.content['m.new_content'] as Content | undefined;
  return edit ? { content: { ...edit, 'm.relates_to': event.content['m.relates_to'] }, edited: true } : { content: event.content, edited: false };
}

function dayOf(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

export interface Building {
  room: RoomState;
  /** All that is known of the room in order, with what waits at the end. */
  events: RoomEvent[];
  me: string;
  /** Only this thread, with its root first; empty for the main timeline. */
  thread: string;
  /** After which event the line stands that says that the rest is new. */
  readTo: string;
  pending: Pending[];
  hidden: ReadonlySet<string>;
}

/** The lines of a timeline, the oldest first. */
export function build({ room, events, me, thread, readTo, pending, hidden }: Building): Item[] {
  const about = aboutOf(events, me, hidden);
  const waits = new Map(pending.map((one) => [one.txn, one]));
  const items: Item[] = [];
  let last: Said | null = null;
  let day = 0;
  let isNew = false;
  const places: [index: number, said: Said][] = [];
  for (const [index, event] of events.entries()) {
    const mine = inThread(event, thread);
    const talks = isSaid(event);
    if (mine && (talks || NOTED.has(event.type))) {
      const gone = about.gone(event);
      if (!(gone && !about.threads.has(event.event_id)) && (talks || worthNoting(event))) {
        if (dayOf(event.origin_server_ts) !== day) {
          day = dayOf(event.origin_server_ts);
          items.push({ kind: 'day', key: `day ${event.event_id}`, at: event.origin_server_ts });
          last = null;
        }
        if (isNew && event.sender !== me && !items.some(({ kind }) => kind === 'new')) {
          items.push({ kind: 'new', key: 'new' });
          last = null;
        }
        if (talks) {
          const { content, edited } = contentOf(event, about.edits);
          const txn = event.unsigned?.transaction_id;
          const waiting = txn && event.event_id.startsWith('~') ? waits.get(txn) : undefined;
          const close = last?.event.sender === event.sender && event.origin_server_ts - last.event.origin_server_ts < TOGETHER && !answeredBy(event);
          const said: Said = { kind: 'said', key: txn ?? event.event_id, event, content, edited, gone, head: !close, reactions: gone ? [] : (about.reactions.get(event.event_id) ?? []), readers: [], ...(waiting ? { pending: waiting } : {}) };
          const answers = thread ? undefined : about.threads.get(event.event_id);
          if (answers) said.thread = answers;
          items.push(said);
          last = said;
        } else {
          const before = items.at(-1);
          if (before?.kind === 'notes') items[items.length - 1] = { ...before, events: [...before.events, event] };
          else items.push({ kind: 'notes', key: event.event_id, events: [event] });
          last = null;
        }
      }
    }
    if (last && items.at(-1) === last) places.push([index, last]);
    if (event.event_id === readTo) isNew = true;
  }
  readers(room, events, places, me, thread);
  return items;
}

function inThread(event: RoomEvent, thread: string): boolean {
  return thread ? event.event_id === thread || threadOf(event) === thread : !threadOf(event);
}

/** What people changed about themselves is no news to others. */
function worthNoting(event: RoomEvent): boolean {
  if (event.type === 'org.parvis.room_kind') return !!event.unsigned?.prev_content;
  return event.type !== 'm.room.member' || event.content.membership !== event.unsigned?.prev_content?.membership;
}

/** Puts the faces of readers where they have read to. */
function readers(room: RoomState, events: RoomEvent[], places: [number, Said][], me: string, thread: string): void {
  const at = new Map(events.map(({ event_id }, index) => [event_id, index]));
  for (const [user, receipts] of Object.entries(room.receipts)) {
    if (user === me) continue;
    const reached = [receipts[thread || 'main'], receipts['']].map((one) => (one ? (at.get(one.event) ?? -1) : -1));
    const place = places.findLast(([index]) => index <= Math.max(...reached));
    if (place && place[1].event.sender !== user) place[1].readers.push(user);
  }
}

/** The newest thing said in a room that a list shows, or undefined. */
export function newest(room: RoomState, hidden: ReadonlySet<string> = new Set()): RoomEvent | undefined {
  return room.timeline.findLast((event) => isSaid(event) && !event.unsigned?.redacted_because && !hidden.has(event.event_id));
}

/** What reading up to the end means: the newest event of the main timeline or of a thread. */
export function lastOf(events: RoomEvent[], thread: string): RoomEvent | undefined {
  return events.findLast((event) => !event.event_id.startsWith('~') && SAID.has(event.type) && (thread ? threadOf(event) === thread : !relationOf(event).rel_type));
}
