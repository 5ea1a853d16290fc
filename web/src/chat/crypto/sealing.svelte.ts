/**
 * Encrypted rooms, as a page sees them: what comes is opened before it is shown, what goes is sealed. The keys are in a
 * worker that is loaded once they are needed; its store is forgotten as somebody signs out.
 */
import { db } from '../../kernel/db';
import { preferences } from '../../kernel/preferences.svelte';
import { deviceName } from '../../kernel/session.svelte';
import { link } from '../../kernel/start.svelte';
import { data } from '../data.svelte';
import { ask, MatrixError } from '../matrix';
import { fetchMembers } from '../members';
import { kindOf, membersOf, stateOf } from '../people';
import { CHAT, type Content, type JoinedTold, type RoomEvent, type RoomState, type Synced } from '../types';
import { ENCRYPTED, sealedIn, sessionOf, withOpened } from './events';
import type { Machine, News } from './machine';
import { behind } from './rpc';
import { DEVICE, storeOf, worker, type Device } from './store';
import type { Opened, SealedRoom, Standing, ToldDevice } from './types';

/** Keys for others to begin with that the server shall have: below, new ones are made. */
const FEW = 30;
const LETTERS = 26;

type Keeper = ReturnType<typeof behind<Machine, News>>;

class Sealing {
  /** Whether the keys are at hand. Reactive. */
  status = $state<'closed' | 'opening' | 'open' | 'failed'>('closed');
  /** The device that this browser is; empty before it is one. Reactive. */
  device = $state('');
  /** Since when this browser is that device, in milliseconds; 0 when that is not known. Reactive. */
  since = $state(0);
  /** How this device stands; null while that is not known. Reactive. */
  standing = $state.raw<Standing | null>(null);
  private opening: Promise<Keeper> | null = null;
  /** Rooms whose members are all known here. */
  private readonly whole = new Set<string>();
  private readonly listeners = new Set<(news: News) => void>();

  /** Whether keys are for confirmed devices alone because the organisation says so. Reactive. */
  get required(): boolean {
    return (link.session?.capabilities[CHAT] as { confirmedDevices?: boolean } | undefined)?.confirmedDevices === true;
  }

  /** Whether keys are for confirmed devices alone. Reactive. */
  get confirmed(): boolean {
    return this.required || preferences.value.confirmedDevices;
  }

  /** Has the keys at hand; the first time, this browser becomes a device that others can write to. Throws MatrixError. */
  open(): Promise<Keeper> {
    this.opening ??= this.begin().catch((error: unknown) => {
      this.opening = null;
      this.status = 'failed';
      throw error;
    });
    return this.opening;
  }

  private async begin(): Promise<Keeper> {
    this.status = 'opening';
    const device = await this.named();
    const keeper = behind<Machine, News>(worker(device), (news) => this.hear(news));
    await keeper.open(device.me, device.id, storeOf(device));
    this.device = device.id;
    this.since = device.since ?? 0;
    this.status = 'open';
    void this.look(keeper).catch(() => undefined);
    return keeper;
  }

  /** The device of before, or a new one. */
  private async named(): Promise<Device> {
    const { user_id: me, device_id: now } = await ask<{ user_id: string; device_id?: string }>('GET', ['client', 'v3', 'account', 'whoami']);
    const kept = await db.get<Device>('meta', DEVICE);
    if (kept && (now === kept.id || (!now && (await known(kept.id)) && (await adopted(kept.id))))) return kept;
    const id = now ?? Array.from(crypto.getRandomValues(new Uint8Array(10)), (byte) => String.fromCharCode(65 + (byte % LETTERS))).join('');
    if (!now) await adopted(id);
    const made: Device = { id, me, since: Date.now() };
    await db.write([{ store: 'meta', key: DEVICE, value: made }]);
    return made;
  }

  private async look(keeper: Keeper): Promise<void> {
    this.standing = await keeper.standing();
  }

  /** Asks once more how this device stands, and opens what could not be read. */
  async again(): Promise<void> {
    await this.look(await this.open());
    for (const room of data.rooms.values()) if (kindOf(room) === 'encrypted') await this.want(room.id);
  }

  /** Called with what changes: keys that have come, devices and people that are others now. */
  on(listener: (news: News) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private hear(news: News): void {
    const keys = 'keys' in news ? news.keys : [];
    for (const room of new Set(keys.map(([id]) => id))) void this.want(room, new Set(keys.filter(([id]) => id === room).map(([, session]) => session)));
    if ('backup' in news || ('people' in news && news.people.includes(data.me))) void this.again().catch(() => undefined);
    for (const listener of this.listeners) listener(news);
  }

  /** An answer to `/sync` with its encrypted events opened, after what it tells this device is kept. Throws MatrixError. */
  async told(answer: Synced & ToldDevice): Promise<Synced> {
    const join = Object.entries(answer.rooms?.join ?? {});
    for (const [id, { timeline }] of join) if (timeline?.limited) this.whole.delete(id);
    if (this.status === 'open' || (asks(answer) && (await db.get('meta', DEVICE)))) {
      await this.receive(answer);
    } else if (this.status === 'closed' && Object.values(answer.rooms?.invite ?? {}).some(({ invite_state: { events } }) => events.some(({ type }) => type === 'm.room.encryption'))) void this.open().catch(() => undefined);
    if (this.status !== 'open') {
      for (const [id, { timeline }] of join) if (sealedIn(timeline?.events ?? []).length) setTimeout(() => void this.want(id));
      return answer;
    }
    const opened: [string, JoinedTold][] = [];
    for (const [id, one] of join) {
      const events = one.timeline && (await this.opened(id, one.timeline.events));
      opened.push([id, events ? { ...one, timeline: { ...one.timeline, events } } : one]);
      const about = (events ?? []).filter(isVerification); // some programs do not encrypt them, and the signs prove enough
      const room = data.rooms.get(id);
      if (about.length && room && kindOf(room) === 'encrypted') void this.open().then(async (keeper) => keeper.verifyEvents(await this.roomOf(room), about)).catch(() => undefined);
    }
    return opened.length ? { ...answer, rooms: { ...answer.rooms, join: Object.fromEntries(opened) } } : answer;
  }

  private async receive({ to_device, device_lists, device_one_time_keys_count, device_unused_fallback_key_types }: ToldDevice): Promise<void> {
    const told = { to_device, device_lists, device_one_time_keys_count, device_unused_fallback_key_types } as ToldDevice;
    try {
      await (await this.open()).receive(told);
    } catch (error) {
      if ((error as MatrixError).passing) throw error; // it is asked again, and nothing is lost
      this.status = 'failed'; // the other rooms go on
    }
  }

  /** The same events of a room, with what the encrypted ones say. */
  async opened(room: string, events: RoomEvent[], sealed = sealedIn(events)): Promise<RoomEvent[]> {
    return sealed.length ? withOpened(events, await this.unseal(room, sealed)) : events;
  }

  private async unseal(room: string, sealed: RoomEvent[]): Promise<Map<string, Opened>> {
    try {
      const found = await (await this.open()).unseal(room, sealed.map((event) => $state.snapshot(event) as RoomEvent));
      return new Map(sealed.map(({ event_id: id }, index) => [id, found[index]!]));
    } catch {
      return new Map(); // they stay as they are, until the room is opened again
    }
  }

  /** Opens what is here of a room and could not be read before; given sessions, only what needs their keys. */
  async want(id: string, sessions?: ReadonlySet<string>): Promise<void> {
    const sealed = sealedIn(data.rooms.get(id)?.timeline ?? []).filter((event) => !sessions || sessions.has(sessionOf(event)));
    if (!sealed.length) return;
    const found = await this.unseal(id, sealed);
    const room = data.rooms.get(id);
    if (room && found.size) data.put({ ...room, timeline: withOpened(room.timeline, found) });
  }

  /** An event as it goes to a room: sealed, if the room is. Throws MatrixError. */
  async seal(id: string, type: string, content: Content): Promise<{ type: string; content: Content }> {
    const room = data.rooms.get(id);
    // What a reaction is about stands outside in any case (§Event types that should not be encrypted).
    if (!room || kindOf(room) !== 'encrypted' || type === 'm.reaction') return { type, content };
    const keeper = await this.open();
    // Who gets its key is chosen: what this device kept of that may be older than what another one has.
    await preferences.current().catch((error: unknown) => {
      throw new MatrixError('offline', 0, String(error));
    });
    return { type: ENCRYPTED, content: await keeper.seal(await this.roomOf(room), type, $state.snapshot(content) as Content) };
  }

  /** A room as the encryption needs it, with all who may read. Throws MatrixError. */
  async roomOf({ id }: Pick<RoomState, 'id'>): Promise<SealedRoom> {
    if (!this.whole.has(id)) {
      await fetchMembers(id);
      this.whole.add(id);
    }
    const room = data.rooms.get(id)!;
    const joined = stateOf(room, 'm.room.history_visibility')?.content.history_visibility === 'joined';
    const members = membersOf(room).filter(({ membership }) => membership === 'join' || (membership === 'invite' && !joined));
    return { id, members: members.map((one) => one.id), confirmed: this.confirmed, encryption: { ...stateOf(room, 'm.room.encryption')?.content } };
  }
}

/** Whether a device is there still: one whose sign-in was ended is not, and others do not encrypt for it. Throws MatrixError. */
async function known(id: string): Promise<boolean> {
  try {
    await ask('GET', ['client', 'v3', 'devices', id]);
    return true;
  } catch (error) {
    if (error instanceof MatrixError && error.code === 'M_NOT_FOUND') return false;
    throw error;
  }
}

/** Makes this sign-in the one of a device; false when it is signed in elsewhere. Throws MatrixError. */
async function adopted(id: string): Promise<boolean> {
  try {
    await ask('PUT', ['client', 'v3', 'devices', id], { body: { display_name: deviceName() } });
    return true;
  } catch (error) {
    if (error instanceof MatrixError && error.code === 'M_FORBIDDEN') return false;
    throw error;
  }
}

/** Whether an answer asks something of the keys. */
function asks({ to_device: to, device_lists: lists, device_one_time_keys_count: counts }: ToldDevice): boolean {
  return !!to?.events.length || !!lists?.changed?.length || !!lists?.left?.length || (counts !== undefined && (counts.signed_curve25519 ?? 0) < FEW);
}

/** Whether an event is of a verification. */
function isVerification({ type, content }: RoomEvent): boolean {
  return type.startsWith('m.key.verification.') || (type === 'm.room.message' && content.msgtype === 'm.key.verification.request');
}

export const sealing = new Sealing();
