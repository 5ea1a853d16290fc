/** What the screen shows: the place by its address, the lines of a room, what is chosen in it. */
import { untrack } from 'svelte';
import { router } from '../kernel/router.svelte';
import { data, isLoud } from './data.svelte';
import { history } from './history.svelte';
import { mutedIn } from './rules';
import { outbox } from './outbox.svelte';
import { holdsRooms, othersOf, titleOf } from './people';
import { pathTo } from './places';
import { aimed, build, echoOf, newest, type Item } from './timeline';
import type { RoomState } from './types';

export type Side = 'topics' | 'people' | 'search' | 'pins' | 'missed';
export interface Group {
  id: 'invitations' | 'asked' | 'favourites' | 'rooms' | 'people' | 'quiet' | 'holders';
  rooms: RoomState[];
}

/** What is done with a message. */
export type Act = 'reply' | 'thread' | 'react' | 'edit' | 'delete' | 'forward' | 'pin' | 'save' | 'task';

/** What the keys do with the lines that are shown. */
export interface Pane {
  step: (by: number) => void;
  act: (what: Act) => void;
  toEnd: () => void;
}

const LAST = 'parvis-chat-room';

class View {
  pane = $state.raw<Pane | null>(null);
  topicPane = $state.raw<Pane | null>(null);
  /** Where the line stands after which all was new as the room was opened. */
  readTo = $state('');
  /** The event that keys act on, in the room or in the topic that is open. */
  cursor = $state('');
  private opened = '';

  get roomId(): string {
    return router.parts[0] === 'chat' ? (router.parts[1] ?? '') : '';
  }
  /** What is shown of all rooms together, in the place of one. */
  get whole(): 'missed' | 'saved' | null {
    return this.roomId === 'missed' || this.roomId === 'saved' ? this.roomId : null;
  }
  get room(): RoomState | undefined {
    return data.rooms.get(this.roomId);
  }
  /** The root of the topic that is open, or empty. */
  get thread(): string {
    return router.parts[2] === 't' ? (router.parts[3] ?? '') : '';
  }
  /** What else is open beside the room. */
  get side(): Side | null {
    const side = router.query.get('side');
    return !this.thread && (side === 'topics' || side === 'people' || side === 'search' || side === 'pins' || side === 'missed') ? side : null;
  }
  /** The message that the address leads to. */
  get event(): string {
    return router.query.get('event') ?? '';
  }

  /** The lines that keys are for: those that have the focus. */
  get active(): Pane | null {
    return this.topicPane && (document.activeElement?.closest('.beside') || !this.pane) ? this.topicPane : this.pane;
  }

  show(side: Side): void {
    router.go(pathTo(this.roomId, this.side === side ? {} : { side }));
  }
  closeSide(): void {
    router.go(pathTo(this.roomId));
  }

  /** To be called as the room changes: from where on everything is new stays until another one is opened. */
  follow(): void {
    const room = this.room;
    if (!room || this.opened === room.id) return;
    this.opened = room.id;
    untrack(() => {
      const last = room.timeline.at(-1);
      this.readTo = room.unread.notification_count || (last && last.sender !== data.me) ? room.fullyRead : '';
      this.cursor = '';
    });
  }

  /** The room that was open last on this device, if one is still in it. */
  get last(): string {
    const id = localStorage.getItem(LAST) ?? '';
    return data.rooms.has(id) ? id : '';
  }
  keep(): void {
    if (this.room) localStorage.setItem(LAST, this.roomId);
  }
  /** Goes out of the room, and not into it again by itself. */
  leave(): void {
    localStorage.removeItem(LAST);
    router.go('/chat');
  }

  /** The lines of the room, or of a topic. Reactive. */
  lines(room: RoomState, thread = ''): Item[] {
    const pending = data.pending.filter((one) => one.room === room.id && !one.redacts);
    const known = thread ? history.topic(room.id, thread) : room.timeline;
    const here = new Set(known.flatMap(({ event_id, unsigned }) => [event_id, unsigned?.transaction_id ?? '']));
    const echoes = pending.filter(({ txn, eventId }) => !here.has(txn) && !(eventId && here.has(eventId))).map((one) => echoOf({ ...one, content: aimed(one.content, (txn) => outbox.idOf(room.id, txn)) }, data.me));
    return build({ room, events: [...known, ...echoes], me: data.me, thread, readTo: thread ? '' : this.readTo, pending, hidden: data.hidden });
  }

  /** All rooms as the list shows them. Reactive. */
  get groups(): Group[] {
    const all = [...data.rooms.values()];
    const at = new Map(all.map((room) => [room.id, newest(room)?.origin_server_ts ?? room.timeline.at(-1)?.origin_server_ts ?? 0]));
    const sorted = all.sort((a, b) => at.get(b.id)! - at.get(a.id)! || titleOf(a, data.me).localeCompare(titleOf(b, data.me)));
    const kind = (room: RoomState): Group['id'] => {
      if (room.membership !== 'join') return room.membership === 'invite' ? 'invitations' : 'asked';
      if (holdsRooms(room)) return 'holders';
      if ('m.favourite' in room.tags) return 'favourites';
      if ('m.lowpriority' in room.tags || mutedIn(data.account, room.id)) return 'quiet';
      return isDirect(room) ? 'people' : 'rooms';
    };
    const groups: Group['id'][] = ['invitations', 'asked', 'favourites', 'rooms', 'people', 'quiet', 'holders'];
    return groups.map((id) => ({ id, rooms: sorted.filter((room) => kind(room) === id) })).filter(({ rooms }) => rooms.length);
  }
  /** In the order of the list. */
  get order(): RoomState[] {
    return this.groups.flatMap(({ rooms }) => rooms);
  }

  step(by: number, loud = false): void {
    const all = this.order.filter((room) => !loud || isLoud(room) || room.id === this.roomId);
    const at = all.findIndex(({ id }) => id === this.roomId);
    const next = all[at < 0 ? 0 : (at + by + all.length) % all.length];
    if (next) router.go(pathTo(next.id));
  }
}

/** Whether a room is between two people, or a few, rather than a place with a name. */
export function isDirect(room: RoomState): boolean {
  return whoIn(room).length > 0;
}

/** The people a direct conversation is with; empty for other rooms. */
export function whoIn(room: RoomState): string[] {
  const direct = (data.account['m.direct'] ?? {}) as Record<string, string[]>;
  const named = Object.keys(direct).filter((user) => direct[user]?.includes(room.id));
  const invited = room.membership === 'invite' && room.state[`m.room.member\n${data.me}`]?.content.is_direct === true;
  return named.length || invited ? othersOf(room, data.me).concat(named).filter((user, index, all) => all.indexOf(user) === index).slice(0, 5) : [];
}

export const view = new View();
