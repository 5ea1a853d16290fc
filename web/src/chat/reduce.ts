/** What `/sync` and pages of history say, put into what is known of a room. Pure. */
import type { Content, JoinedTold, Receipt, RoomEvent, RoomState } from './types';

const NONE = { notification_count: 0, highlight_count: 0 };

export function newRoom(id: string, membership: RoomState['membership']): RoomState {
  return { id, membership, state: {}, timeline: [], marks: [], receipts: {}, typing: [], unread: NONE, threads: {}, tags: {}, fullyRead: '', markedUnread: false, heroes: [], joined: 0 };
}

function withState(state: RoomState['state'], events: RoomEvent[]): RoomState['state'] {
  const said = events.filter((event) => event.state_key !== undefined);
  return said.length ? { ...state, ...Object.fromEntries(said.map((event) => [`${event.type}\n${event.state_key}`, event])) } : state;
}

/** What was taken back has nothing left; what says so carries it out. */
function redacted(events: RoomEvent[]): RoomEvent[] {
  const by = new Map(events.filter(({ type }) => type === 'm.room.redaction').map((event) => [String(event.content.redacts ?? event.redacts ?? ''), event]));
  if (!by.size) return events;
  return events.map((event) => {
    const because = by.get(event.event_id);
    return because && !event.unsigned?.redacted_because ? { ...event, content: {}, unsigned: { redacted_because: because } } : event;
  });
}

/** A room with what is new in it. */
export function joined(before: RoomState | undefined, id: string, told: JoinedTold): RoomState {
  const room = before?.membership === 'join' ? before : newRoom(id, 'join');
  const { events = [], limited = false, prev_batch: token = '' } = told.timeline ?? {};
  const known = new Set(room.timeline.map(({ event_id }) => event_id));
  const fresh = events.filter(({ event_id }) => !known.has(event_id));
  const gap = limited && fresh.length === events.length;
  const timeline = fresh.length || gap ? redacted(gap ? fresh : [...room.timeline, ...fresh]) : room.timeline;
  const marks: RoomState['marks'] = fresh[0] ? [...(gap ? [] : room.marks), [fresh[0].event_id, token]] : room.marks;
  const next: RoomState = {
    ...room,
    timeline,
    marks,
    state: withState(withState(room.state, told.state?.events ?? []), events),
    heroes: told.summary?.['m.heroes'] ?? room.heroes,
    joined: told.summary?.['m.joined_member_count'] ?? room.joined,
    unread: told.unread_notifications ?? room.unread,
    threads: told.unread_notifications ? (told.unread_thread_notifications ?? {}) : room.threads,
  };
  for (const { type, content } of told.ephemeral?.events ?? []) {
    if (type === 'm.typing') next.typing = content.user_ids as string[];
    if (type === 'm.receipt') next.receipts = withReceipts(next.receipts, content);
  }
  return (told.account_data?.events ?? []).reduce((so, { type, content }) => withData(so, type, content), next);
}

function withReceipts(before: RoomState['receipts'], content: Content): RoomState['receipts'] {
  const after = { ...before };
  for (const [event, kinds] of Object.entries(content as Record<string, Record<string, Record<string, { ts?: number; thread_id?: string }>>>)) {
    for (const users of Object.values(kinds)) {
      for (const [user, { ts = 0, thread_id: thread = '' }] of Object.entries(users)) {
        const known: Record<string, Receipt> = after[user] ?? {};
        if ((known[thread]?.ts ?? -1) <= ts) after[user] = { ...known, [thread]: { event, ts } };
      }
    }
  }
  return after;
}

/** What the person keeps about a room. */
export function withData(room: RoomState, type: string, content: Content): RoomState {
  if (type === 'm.tag') return { ...room, tags: (content.tags ?? {}) as RoomState['tags'] };
  if (type === 'm.fully_read') return { ...room, fullyRead: String(content.event_id ?? '') };
  if (type === 'm.marked_unread') return { ...room, markedUnread: content.unread === true };
  return room;
}

/** An invitation, or a wish to come in: what is told of the room before one is in it. */
export function outside(id: string, membership: 'invite' | 'knock', events: RoomEvent[]): RoomState {
  return { ...newRoom(id, membership), state: withState({}, events) };
}

/** Where the page before the timeline is had; empty when this is the beginning, undefined when that is not known. */
export function backOf(room: RoomState): string | undefined {
  const [first] = room.timeline;
  return room.marks.find(([event]) => event === first?.event_id)?.[1];
}

/** A page of older events put before the timeline; they come the newest first, and `end` is missing at the beginning. */
export function older(room: RoomState, page: { chunk: RoomEvent[]; end?: string; state?: RoomEvent[] }): RoomState {
  const known = new Set(room.timeline.map(({ event_id }) => event_id));
  const events = page.chunk.filter(({ event_id }) => !known.has(event_id)).toReversed();
  const first = events[0] ?? room.timeline[0];
  const members = (page.state ?? []).filter(({ type, state_key: key }) => !(`${type}\n${key}` in room.state));
  return {
    ...room,
    state: withState(room.state, members),
    timeline: redacted([...events, ...room.timeline]),
    marks: first ? [[first.event_id, page.end ?? ''], ...room.marks.filter(([event]) => event !== first.event_id)] : room.marks,
  };
}

/** The room with about the newest `keep` events: cut where it is known how to go on from. */
export function trimmed(room: RoomState, keep: number): RoomState {
  const last = room.timeline.length - keep;
  if (last <= 0) return room;
  const at = new Map(room.timeline.map(({ event_id }, index) => [event_id, index]));
  const cut = room.marks.map(([event]) => at.get(event) ?? -1).filter((index) => index >= 0 && index <= last).at(-1) ?? 0;
  if (!cut) return room;
  const timeline = room.timeline.slice(cut);
  return { ...room, timeline, marks: room.marks.filter(([event]) => (at.get(event) ?? -1) >= cut) };
}
