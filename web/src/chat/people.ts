/** Users as Matrix names them, and the addresses they stand for (Matrix v1.19 Appendices §Mapping from other character sets). */
import { DAY } from '../kernel/time/local';
import type { Member, RoomEvent, RoomState } from './types';

const PLAIN = /[a-z0-9._\-/+]/;

export function serverOf(id: string): string {
  return id.slice(id.indexOf(':') + 1);
}

/** The user with an address, on the server that another user is of. */
export function userFor(address: string, me: string): string {
  const server = serverOf(me);
  const [local = '', domain] = address.toLowerCase().split(/@(?=[^@]*$)/);
  const text = domain === server && !local.includes('@') ? local : address.toLowerCase();
  const bytes = [...new TextEncoder().encode(text)].map((byte) => String.fromCharCode(byte));
  return `@${bytes.map((char) => (PLAIN.test(char) ? char : `=${char.charCodeAt(0).toString(16).padStart(2, '0')}`)).join('')}:${server}`;
}

/** The address that a user stands for; what a face has its colour from. */
export function addressOf(id: string): string {
  const local = id.slice(1, id.indexOf(':'));
  const bytes = local.replace(/=([0-9a-f]{2})/g, (_all, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  const text = new TextDecoder().decode(Uint8Array.from(bytes, (char) => char.charCodeAt(0)));
  return text.includes('@') ? text : `${text}@${serverOf(id)}`;
}

export function stateOf(room: RoomState, type: string, key = ''): RoomEvent | undefined {
  return room.state[`${type}\n${key}`];
}

/** Somebody's name in a room; without one, what stands before the @ of their address. Whoever is called as another one there is, or as
 * it looks, has the address beside it (Matrix v1.19 §Calculating the display name for a user). */
export function nameOf(room: RoomState | undefined, user: string): string {
  const said = room && saidName(stateOf(room, 'm.room.member', user));
  if (!room || !said) return addressOf(user).split('@')[0] ?? user;
  const called = calledSo(room.state).get(shapeOf(said)) ?? [];
  return called.some((other) => other !== user) ? `${said} (${addressOf(user)})` : said;
}

function saidName(member: RoomEvent | undefined): string {
  const said = member?.content.displayname;
  return typeof said === 'string' ? said.trim() : '';
}

/** Letters, and the Latin ones they look like. */
const LIKE = ['авсегкмнорѕтухіјһӏԁԛԝαβγεικνορτυχωոսօ', 'abcerkmhopstyxijhldqwabyeikvoptuxwnuo'];
const LATIN = new Map([...(LIKE[0] ?? '')].map((letter, place) => [letter, LIKE[1]?.[place] ?? letter]));

/** What a name looks like. */
function shapeOf(name: string): string {
  const plain = name.normalize('NFKC').toLowerCase().replace(/\p{Cf}/gu, '').replace(/\s+/gu, ' ').trim();
  return [...plain].map((letter) => LATIN.get(letter) ?? letter).join('').normalize('NFC');
}

const called = new WeakMap<RoomState['state'], Map<string, string[]>>();

/** Who in a room is called by a name of some look. */
function calledSo(state: RoomState['state']): Map<string, string[]> {
  let found = called.get(state);
  if (!found) {
    called.set(state, (found = new Map()));
    for (const event of Object.values(state)) {
      if (event.type !== 'm.room.member' || !['join', 'invite'].includes(String(event.content.membership))) continue;
      const shape = shapeOf(saidName(event));
      if (shape) found.set(shape, [...(found.get(shape) ?? []), event.state_key ?? '']);
    }
  }
  return found;
}

const SPACE = /^@=space-([a-z2-9]{13}):/;

/** Whether a user is no person, but a space that keeps its room. */
export function isSpace(user: string): boolean {
  return SPACE.test(user);
}

/** The space of the house whose room it is, which keeps it itself; empty for none. Whoever is in that is in it. */
export function spaceOf(room: RoomState, me: string): string {
  const keeper = stateOf(room, 'm.room.create')?.sender ?? '';
  return (serverOf(keeper) === serverOf(me) && SPACE.exec(keeper)?.[1]) || '';
}

/** How many people are in a room. */
export function countIn(room: RoomState, me: string): number {
  return room.joined - (spaceOf(room, me) ? 1 : 0);
}

/** Those of a room whose membership is known here; a space that keeps it is nobody. */
export function membersOf(room: RoomState): Member[] {
  return Object.values(room.state)
    .filter(({ type, state_key: id = '' }) => type === 'm.room.member' && !isSpace(id))
    .map(({ state_key: id = '', content }) => ({ id, name: nameOf(room, id), membership: String(content.membership) }));
}

/** A text of the state: the name, or the topic. */
export function textOf(room: RoomState, type: 'name' | 'topic'): string {
  const said = stateOf(room, `m.room.${type}`)?.content[type];
  return typeof said === 'string' ? said : '';
}

/** Whom a room without a name is called after. */
export function othersOf(room: RoomState, me: string): string[] {
  const heroes = room.heroes.filter((user) => user !== me);
  if (heroes.length) return heroes;
  return membersOf(room).filter(({ id, membership }) => id !== me && ['join', 'invite'].includes(membership)).map(({ id }) => id);
}

/** The name of a room; empty when nobody else is in it. */
export function titleOf(room: RoomState, me: string): string {
  const alias = stateOf(room, 'm.room.canonical_alias')?.content.alias;
  return textOf(room, 'name') || (typeof alias === 'string' ? alias : '') || othersOf(room, me).map((user) => nameOf(room, user)).join(', ');
}

/** Who may come into a room: whoever is invited, whoever asks and is let in, or everybody. */
export type Entry = 'invite' | 'knock' | 'public';

/** Who may come in (§m.room.join_rules); rules that this client does not set count as an invitation. */
export function entryOf(room: RoomState): Entry {
  const rule = stateOf(room, 'm.room.join_rules')?.content.join_rule;
  return rule === 'public' ? 'public' : rule === 'knock' || rule === 'knock_restricted' ? 'knock' : 'invite';
}

/** How many days a room itself says that messages are kept (MSC1763); 0 where it says nothing. */
export function keptIn(room: RoomState): number {
  const lifetime = stateOf(room, 'm.room.retention')?.content.max_lifetime;
  return typeof lifetime === 'number' && lifetime >= 0 ? Math.max(1, Math.round(lifetime / DAY)) : 0;
}

/** Whether it is no place to talk, but one that holds rooms (§Spaces). */
export function holdsRooms(room: RoomState): boolean {
  return stateOf(room, 'm.room.create')?.content.type === 'm.space';
}

/** The room that goes on in the place of this one (§m.room.tombstone), or empty. */
export function successorOf(room: RoomState): string {
  const next = stateOf(room, 'm.room.tombstone')?.content.replacement_room;
  return typeof next === 'string' ? next : '';
}

export type Kind = 'open' | 'private' | 'encrypted';

/** Open to search and the assistant, private without them, or encrypted; private where nothing says what it is. */
export function kindOf(room: RoomState): Kind {
  if (stateOf(room, 'm.room.encryption')) return 'encrypted';
  return stateOf(room, 'org.parvis.room_kind')?.content.kind === 'open' ? 'open' : 'private';
}

/** Whether somebody may call all who are in a room at once (§m.room.power_levels, `notifications.room`). */
export function mayCallAll(room: RoomState, user: string): boolean {
  const given = (stateOf(room, 'm.room.power_levels')?.content ?? {}) as { notifications?: { room?: unknown } };
  const needed = typeof given.notifications?.room === 'number' ? given.notifications.room : 50;
  return powerOf(room, user) >= needed;
}

const ACTIONS: Record<string, number> = { invite: 0, kick: 50, ban: 50, redact: 50 };

/** Whether somebody has the power to do something: an action, or saying something of a type (§m.room.power_levels). */
export function may(room: RoomState, user: string, what: string, isState = false): boolean {
  const levels = (stateOf(room, 'm.room.power_levels')?.content ?? {}) as Record<string, unknown>;
  const needed = what in ACTIONS ? number(levels[what], ACTIONS[what]!) : number((levels.events as Record<string, unknown> | undefined)?.[what], number(levels[isState ? 'state_default' : 'events_default'], isState ? 50 : 0));
  return powerOf(room, user) >= needed;
}

const number = (value: unknown, other: number) => (typeof value === 'number' ? value : other);

/** Who asks to come into a room, for somebody who may let them in or refuse; of others' requests nobody is told. */
export function askingIn(room: RoomState, user: string): Member[] {
  if (entryOf(room) !== 'knock' || !may(room, user, 'invite') || !may(room, user, 'kick')) return [];
  return membersOf(room).filter(({ membership }) => membership === 'knock');
}

/** What somebody may do in a room, from 0 on. Makers of rooms of version 12 and later have more than anybody. */
export function powerOf(room: RoomState, user: string): number {
  const create = stateOf(room, 'm.room.create');
  const more = create?.content.additional_creators;
  const hashed = Number(create?.content.room_version ?? 0) >= 12;
  if (hashed && (create?.sender === user || (Array.isArray(more) && more.includes(user)))) return Infinity;
  const levels = (stateOf(room, 'm.room.power_levels')?.content ?? {}) as Record<string, unknown>;
  return number((levels.users as Record<string, unknown> | undefined)?.[user], number(levels.users_default, 0));
}
