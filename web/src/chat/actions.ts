/** What can be done in rooms. What is said goes through the outbox; the rest is asked of the server at once, and told when it fails. */
import { copyText } from '../kernel/clipboard';
import { makeTask } from '../kernel/features';
import { t } from '../kernel/i18n.svelte';
import { notices } from '../kernel/notices.svelte';
import { outbox as undoing, type Undoable } from '../kernel/outbox.svelte';
import { router } from '../kernel/router.svelte';
import { forwarded, messageOf, placed, replacing, type Mention } from './compose';
import { data } from './data.svelte';
import { drafts, placeOf } from './drafts.svelte';
import { history } from './history.svelte';
import { ask, MatrixError, ownData, room as inRoom, upload } from './matrix';
import { fetchMembers } from './members';
import { outbox } from './outbox.svelte';
import { kindOf, mayCallAll, nameOf, stateOf, titleOf, type Entry, type Kind } from './people';
import { pathTo } from './places';
import { reading } from './reading.svelte';
import type { Loudness } from './rules';
import { textFor } from './text';
import { lastOf, relationOf, type Said } from './timeline';
import type { Content, RoomEvent, RoomState } from './types';
import { view } from './view.svelte';
import { whyNot } from './why';

const UNDO_MS = 6_000;
const MOST_TITLE = 200;

/** Has something done, and says so when it is not. */
export async function tried<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof MatrixError)) throw error;
    notices.show(error.code === 'offline' ? t('chat.offline') : t('chat.notDone', { reason: whyNot(error) }), { tone: 'danger' });
    return undefined;
  }
}

/** Says what was written in a room or in one of its topics. */
export function say(room: RoomState, thread: string, text: string, mentions: Mention[]): void {
  const place = placeOf(room.id, thread);
  const { reply, edit } = drafts.of(place);
  drafts.clear(place);
  const content = messageOf(text, mentions, mayCallAll(room, data.me));
  if (edit) outbox.send(room.id, 'm.room.message', replacing(edit, content));
  else outbox.send(room.id, 'm.room.message', placed(content, { thread, ...(reply ? { reply } : {}), ...lastIn(room, thread) }));
}

function lastIn(room: RoomState, thread: string): { last?: string } {
  const last = thread ? lastOf(history.topic(room.id, thread), thread) : undefined;
  return last ? { last: last.event_id } : {};
}

/** Sends a file. Pictures tell their size, so that nothing moves as they come. */
export async function sendFile(room: RoomState, thread: string, file: File): Promise<void> {
  const [kind] = file.type.split('/');
  const size = kind === 'image' ? await sizeOf(file) : {};
  const msgtype = kind === 'image' && 'w' in size ? 'm.image' : kind === 'audio' ? 'm.audio' : kind === 'video' ? 'm.video' : 'm.file';
  const content: Content = { msgtype, body: file.name, filename: file.name, info: { mimetype: file.type || 'application/octet-stream', size: file.size, ...size }, 'm.mentions': {} };
  outbox.send(room.id, 'm.room.message', placed(content, { thread, ...lastIn(room, thread) }), { file });
}

async function sizeOf(file: Blob): Promise<{ w: number; h: number } | Record<string, never>> {
  try {
    const { width: w, height: h } = await createImageBitmap(file);
    return { w, h };
  } catch {
    return {};
  }
}

/** Adds a reaction, or takes one's own back. */
export function react(room: RoomState, said: Said, key: string): void {
  const mine = said.reactions.find((one) => one.key === key)?.mine;
  if (mine) takeBack(room, mine, 0);
  else outbox.send(room.id, 'm.reaction', { 'm.relates_to': { rel_type: 'm.annotation', event_id: said.event.event_id, key } });
}

/** Takes something back, after a time in which that can be undone. */
export function takeBack(room: RoomState, event: string, wait = UNDO_MS): void {
  const waiting = data.pending.find(({ txn }) => event === `~${txn}`);
  if (waiting) return outbox.drop(waiting.txn);
  data.hidden.add(event);
  const one = outbox.send(room.id, 'm.room.redaction', {}, { redacts: event, ...(wait ? { after: Date.now() + wait } : {}) });
  if (!wait) return;
  const back: Undoable = {
    undo: () => {
      if (!data.pending.some(({ txn }) => txn === one.txn)) return false;
      outbox.drop(one.txn);
      return data.hidden.delete(event);
    },
  };
  undoing.remember(back);
  notices.show(t('chat.deleted'), { stay: wait, action: { label: t('ui.undo'), keys: 'Z', run: () => back.undo() } });
}

/** Begins to change a message that was said. */
export function edit(room: RoomState, thread: string, said: Said): void {
  const named = (said.content['m.mentions'] as { user_ids?: string[] } | undefined)?.user_ids ?? [];
  const mentions = named.map((id) => ({ id, name: String(stateOf(room, 'm.room.member', id)?.content.displayname ?? id) }));
  drafts.set(placeOf(room.id, thread), { text: String(said.content.body ?? ''), mentions, edit: said.event });
}

export function forward({ type, content, sender }: RoomEvent, from: RoomState | undefined, to: RoomState): void {
  outbox.send(to.id, type, forwarded(content, sender, nameOf(from, sender)));
}

export function pinsOf(room: RoomState): string[] {
  const pinned = stateOf(room, 'm.room.pinned_events')?.content.pinned;
  return Array.isArray(pinned) ? pinned.filter((id) => typeof id === 'string') : [];
}

export function pin(room: RoomState, event: string): Promise<unknown> {
  const pins = pinsOf(room);
  return setState(room, 'm.room.pinned_events', { pinned: pins.includes(event) ? pins.filter((id) => id !== event) : [...pins, event] });
}

/** Where a room is, or a message in it. */
function placeIn(room: RoomState, event?: RoomEvent): string {
  const thread = event && relationOf(event).rel_type === 'm.thread' ? relationOf(event).event_id : undefined;
  return pathTo(room.id, { ...(thread ? { thread } : {}), ...(event ? { event: event.event_id } : {}) });
}

export function copyLink(room: RoomState, event?: RoomEvent): Promise<void> {
  return copyText(location.origin + placeIn(room, event), t('chat.linkCopied'));
}

/** A task of one's own that leads back to a message. What an encrypted message says stays out of it: tasks are not encrypted. */
export function toTask(room: RoomState, { event, content }: Said): void {
  const name = titleOf(room, data.me);
  const sealed = t('chat.taskOf', { name: nameOf(room, event.sender), room: name });
  const title = kindOf(room) === 'encrypted' ? sealed : textFor(event, content).slice(0, MOST_TITLE) || sealed;
  void makeTask.open({ title, source: { path: placeIn(room, event), name } });
}

/** Sets what stands in a room; tells when it may not be. */
export function setState(room: RoomState, type: string, content: Content): Promise<unknown> {
  return tried(ask('PUT', inRoom(room.id, 'state', type), { body: content }));
}

export async function favourite(room: RoomState): Promise<void> {
  const on = !('m.favourite' in room.tags);
  const { 'm.favourite': _gone, ...rest } = room.tags;
  data.note(room.id, 'm.tag', { tags: on ? { ...rest, 'm.favourite': { order: 0.5 } } : rest });
  const done = await tried(ask(on ? 'PUT' : 'DELETE', ['client', 'v3', 'user', data.me, 'rooms', room.id, 'tags', 'm.favourite'], on ? { body: { order: 0.5 } } : {}));
  if (!done) data.note(room.id, 'm.tag', { tags: room.tags });
}

/** Chooses how loud a room is. */
export async function setLoudness(room: RoomState, loudness: Loudness): Promise<void> {
  const rule = (kind: string) => ['client', 'v3', 'pushrules', 'global', kind, room.id];
  const gone = (kind: string) => ask('DELETE', rule(kind)).catch((error: MatrixError) => { if (error.status !== 404) throw error; });
  const work = async () => {
    if (loudness === 'none') await ask('PUT', rule('override'), { body: { conditions: [{ kind: 'event_match', key: 'room_id', pattern: room.id }], actions: [] } });
    else await gone('override');
    if (loudness === 'mentions') await ask('PUT', rule('room'), { body: { actions: [] } });
    else await gone('room');
  };
  await tried(work());
}

/** Marks a room as something to come back to, and goes out of it. */
export function markUnread(room: RoomState): void {
  view.leave();
  void reading.mark(room.id, true);
}

export async function join(id: string, direct?: string): Promise<void> {
  const done = await tried(ask<{ room_id: string }>('POST', ['client', 'v3', 'join', id], { body: {} }));
  if (!done) return;
  if (direct) await keepDirect(direct, id);
  router.go(pathTo(done.room_id));
}

/** Asks to be let in. */
export async function knock(id: string): Promise<void> {
  const done = await tried(ask<{ room_id: string }>('POST', ['client', 'v3', 'knock', id], { body: {} }));
  if (done) router.go(pathTo(done.room_id));
}

/** Leaves a room, declines an invitation, or no longer asks to come in. */
export async function leave(id: string): Promise<void> {
  if (!(await tried(ask('POST', inRoom(id, 'leave'), { body: {} })))) return;
  if (view.roomId === id) view.leave();
  data.drop(id);
  data.count();
}

/** What a room of a kind begins with. */
function beginning(kind: Kind): { type: string; state_key: ''; content: Content }[] {
  if (kind === 'encrypted') return [{ type: 'm.room.encryption', state_key: '', content: { algorithm: 'm.megolm.v1.aes-sha2' } }];
  return [{ type: 'org.parvis.room_kind', state_key: '', content: { kind } }];
}

/** Opens the conversation with somebody, and makes it when there is none. */
export async function direct(user: string, encrypted = false): Promise<void> {
  const known = ((data.account['m.direct'] ?? {}) as Record<string, string[]>)[user]?.flatMap((id) => data.rooms.get(id) ?? []).find((room) => !encrypted || kindOf(room) === 'encrypted');
  if (known) return router.go(pathTo(known.id));
  const body = { is_direct: true, preset: 'trusted_private_chat', invite: [user], initial_state: beginning(encrypted ? 'encrypted' : 'private') };
  const made = await tried(ask<{ room_id: string }>('POST', ['client', 'v3', 'createRoom'], { body }));
  if (!made) return;
  await keepDirect(user, made.room_id);
  router.go(pathTo(made.room_id));
}

async function keepDirect(user: string, id: string): Promise<void> {
  const before = (data.account['m.direct'] ?? {}) as Record<string, string[]>;
  const after = { ...before, [user]: [...new Set([...(before[user] ?? []), id])] };
  await keepOwn('m.direct', after);
}

/** Keeps something in one's own account, seen at once. */
export async function keepOwn(type: string, content: Content): Promise<void> {
  data.account = { ...data.account, [type]: content };
  await tried(ask('PUT', ownData(data.me, type), { body: content }));
}

export interface NewRoom {
  name: string;
  topic: string;
  kind: Kind;
  entry: Entry;
  invite: string[];
}

export async function makeRoom({ name, topic, kind, entry, invite }: NewRoom): Promise<boolean> {
  const rules = entry === 'knock' ? [{ type: 'm.room.join_rules', state_key: '', content: { join_rule: entry } }] : [];
  const body = { name, ...(topic ? { topic } : {}), invite, preset: entry === 'public' ? 'public_chat' : 'private_chat', visibility: listed(entry), initial_state: [...beginning(kind), ...rules] };
  const made = await tried(ask<{ room_id: string }>('POST', ['client', 'v3', 'createRoom'], { body }));
  if (made) router.go(pathTo(made.room_id));
  return !!made;
}

/** A room that one can come into without an invitation is found by everybody. */
function listed(entry: Entry): 'public' | 'private' {
  return entry === 'invite' ? 'private' : 'public';
}

/** Chooses who may come in, and so whether the room is found. */
export async function setEntry(room: RoomState, entry: Entry): Promise<boolean> {
  if (!(await setState(room, 'm.room.join_rules', { join_rule: entry }))) return false;
  return !!(await tried(ask('PUT', ['client', 'v3', 'directory', 'list', 'room', room.id], { body: { visibility: listed(entry) } })));
}

/** Gives a room a picture, or takes it away. */
export async function setPicture(room: RoomState, file: File | null): Promise<void> {
  const url = file ? await tried(upload(file, file.name, () => undefined)) : undefined;
  if (url || !file) await setState(room, 'm.room.avatar', url ? { url } : {});
}

/** Gives somebody more or less to do in a room. */
export function setPower(room: RoomState, user: string, power: number): Promise<unknown> {
  const levels = stateOf(room, 'm.room.power_levels')?.content ?? {};
  return setState(room, 'm.room.power_levels', { ...levels, users: { ...(levels.users as Content | undefined), [user]: power } });
}

export function invite(room: RoomState, user: string): Promise<unknown> {
  return tried(ask('POST', inRoom(room.id, 'invite'), { body: { user_id: user } }));
}

export function remove(room: RoomState, user: string): Promise<unknown> {
  return tried(ask('POST', inRoom(room.id, 'kick'), { body: { user_id: user } }));
}

/** All who are in a room, or are invited to it; they are then known here. */
export async function loadMembers(id: string): Promise<void> {
  await tried(fetchMembers(id));
}

let saidTyping = 0;
/** Tells the room that something is being written, or no longer. */
export function typing(id: string, on: boolean): void {
  if (on === saidTyping > Date.now() - 20_000) return;
  saidTyping = on ? Date.now() : 0;
  void ask('PUT', inRoom(id, 'typing', data.me), { body: on ? { typing: true, timeout: 25_000 } : { typing: false } }).catch(() => undefined);
}
