/** What this device knows of the person's rooms: filled by `sync.svelte.ts`, kept in IndexedDB, read by the screen. */
import { SvelteMap, SvelteSet } from 'svelte/reactivity';
import { db } from '../kernel/db';
import { badge } from './badge.svelte';
import { askingIn } from './people';
import { joined, outside, trimmed, withData } from './reduce';
import type { Content, Pending, RoomState, Synced } from './types';

const ROOMS = 'chat room ';
const WHOLE = 'chat whole';
const WAITS = 'chat waits ';
/** Events of a room that are kept on the device, and in memory. */
const KEPT = 60;
const MOST = 600;
const SOON = 800;

interface Whole {
  me: string;
  since: string;
  account: Record<string, Content>;
}

class Data {
  /** The person's own name in Matrix; empty before it is known. */
  me = $state('');
  /** Where `/sync` goes on. */
  since = '';
  rooms = new SvelteMap<string, RoomState>();
  /** Account data by type. */
  account = $state.raw<Record<string, Content>>({});
  /** What waits to be sent, in order. */
  pending = $state.raw<Pending[]>([]);
  /** Events that are about to be taken back. */
  hidden = new SvelteSet<string>();
  status = $state<'empty' | 'ready' | 'failed'>('empty');
  private readonly dirty = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** What the device has from before. */
  async wake(): Promise<void> {
    const [whole, rooms, pending] = await Promise.all([db.get<Whole>('meta', WHOLE), db.all<RoomState>('meta', ROOMS), db.all<Pending>('meta', WAITS)]);
    this.pending = pending.sort((a, b) => a.order - b.order);
    if (whole) this.take({ ...whole, rooms });
  }

  take({ me, since, account, rooms }: Whole & { rooms: RoomState[] }): void {
    [this.me, this.since, this.account] = [me, since, account];
    this.rooms.clear();
    for (const room of rooms) this.rooms.set(room.id, room);
    this.status = 'ready';
    this.count();
  }

  /** All of it, for another tab. */
  whole(): Whole & { rooms: RoomState[] } {
    return { me: this.me, since: this.since, account: this.account, rooms: [...this.rooms.values()] };
  }

  forget(): void {
    this.rooms.clear();
    this.hidden.clear();
    [this.me, this.since, this.account, this.pending, this.status] = ['', '', {}, [], 'empty'];
    this.count();
  }

  /** Puts in what is new. */
  apply(told: Synced): void {
    if (told.account_data) this.account = { ...this.account, ...Object.fromEntries(told.account_data.events.map(({ type, content }) => [type, content])) };
    const { join = {}, invite = {}, knock = {}, leave = {} } = told.rooms ?? {};
    for (const [id, one] of Object.entries(join)) {
      const room = joined(this.rooms.get(id), id, one);
      this.put(room.timeline.length > MOST ? trimmed(room, MOST / 2) : room);
    }
    for (const [id, one] of Object.entries(invite)) this.put(outside(id, 'invite', one.invite_state.events));
    for (const [id, one] of Object.entries(knock)) this.put(outside(id, 'knock', one.knock_state.events));
    for (const id of Object.keys(leave)) this.drop(id);
    this.since = told.next_batch;
    this.status = 'ready';
    this.settle(Object.keys(join));
    this.count();
    this.save();
  }

  put(room: RoomState): void {
    this.rooms.set(room.id, room);
    this.dirty.add(room.id);
    this.save();
  }

  drop(id: string): void {
    this.rooms.delete(id);
    this.dirty.add(id);
    this.save();
  }

  /** Something the person keeps about a room, before the server says so. */
  note(id: string, type: string, content: Content): void {
    const room = this.rooms.get(id);
    if (room) this.put(withData(room, type, content));
    this.count();
  }

  /** Adds what waits, or changes it. */
  wait(one: Pending): void {
    this.pending = [...this.pending.filter(({ txn }) => txn !== one.txn), one].sort((a, b) => a.order - b.order);
    void db.write([{ store: 'meta', key: WAITS + one.txn, value: one }]);
  }

  done(txns: string[]): void {
    if (!txns.length) return;
    this.pending = this.pending.filter(({ txn }) => !txns.includes(txn));
    void db.write(txns.map((txn) => ({ store: 'meta' as const, key: WAITS + txn, value: undefined })));
  }

  /** What has come back from the server waits no longer. */
  private settle(ids: string[]): void {
    for (const id of ids) {
      const mine = this.pending.filter(({ room }) => room === id);
      if (!mine.length) continue;
      const events = this.rooms.get(id)?.timeline ?? [];
      const known = new Set(events.flatMap(({ event_id, unsigned }) => [event_id, unsigned?.transaction_id ?? '']));
      this.done(mine.filter(({ txn, eventId }) => known.has(txn) || (eventId && known.has(eventId))).map(({ txn }) => txn));
    }
  }

  /** What the rail tells. */
  count(): void {
    badge.count = [...this.rooms.values()].filter((room) => isLoud(room)).length;
  }

  private save(): void {
    this.timer ??= setTimeout(() => void this.flush(), SOON);
  }

  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (!this.me) return;
    const rooms = [...this.dirty].map((id) => ({ store: 'meta' as const, key: ROOMS + id, value: this.rooms.has(id) ? { ...trimmed(this.rooms.get(id)!, KEPT), typing: [] } : undefined }));
    this.dirty.clear();
    const whole: Whole = { me: this.me, since: this.since, account: this.account };
    await db.write([...rooms, { store: 'meta', key: WHOLE, value: whole }]).catch(() => undefined);
  }
}

/** Whether a room asks to be looked at. */
export function isLoud(room: RoomState): boolean {
  return room.membership === 'invite' || room.markedUnread || askingIn(room, data.me).length > 0 || room.unread.notification_count > 0 || Object.values(room.threads).some(({ notification_count: count }) => count > 0);
}

export const data = new Data();
