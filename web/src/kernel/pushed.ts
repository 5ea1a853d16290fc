/**
 * What a push service brings to the service worker: signs without content (RFC 8620 §7.2). What is shown comes from the
 * server itself, asked with the person's own sign-in. Nothing here is of a page.
 */
import type { Preferences } from './preferences.svelte';
import { parseLocal } from './time/local';
import { instantOf, ownZone } from './time/zone';

type ChatMessage = { '@type': 'ChatMessage'; roomId: string; eventId: string };
/** A reminder of an event that is due. draft-ietf-jmap-calendars §6.4 */
type CalendarAlert = { '@type': 'CalendarAlert'; accountId: string; calendarEventId: string; recurrenceId: string | null; alertId: string };
/** A reminder of a task that is due. */
type TaskAlert = { '@type': 'TaskAlert'; accountId: string; taskId: string };

/** A subscription that is to be confirmed, or what somebody is to be told of. */
export type Pushed = { '@type': 'PushVerification'; pushSubscriptionId: string; verificationCode: string } | Told;
export type Told = ChatMessage | CalendarAlert | TaskAlert;
/** The types of what somebody is to be told of. */
export const TOLD: readonly string[] = ['ChatMessage', 'CalendarAlert', 'TaskAlert'] satisfies Told['@type'][];

export interface Notice {
  title: string;
  body: string;
  /** Takes the place of the one before it with the same, also of one that a page has shown. */
  tag: string;
  /** Where it leads. */
  path: string;
}
type Words = Record<'push.message' | 'push.sealed' | 'push.inRoom' | 'push.untitled', string>;
type Choices = Pick<Preferences, 'language' | 'quietStart' | 'quietEnd' | 'quietDays' | 'agenda'>;

const CORE = 'urn:ietf:params:jmap:core';
const PREFERENCES = 'urn:parvis:preferences';
const CALENDARS = 'urn:ietf:params:jmap:calendars';
const TASKS = 'urn:ietf:params:jmap:tasks';
const WORKDAYS = [0, 1, 2, 3, 4];
const MOST = 200;

async function told<Answer>(path: string, init: RequestInit = {}): Promise<Answer> {
  const answer = await fetch(path, { credentials: 'same-origin', headers: { Accept: 'application/json', 'Content-Type': 'application/json', 'X-Parvis': '1' }, ...init });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return (await answer.json()) as Answer;
}

async function call<Answer>(name: string, args: object, using = PREFERENCES): Promise<Answer> {
  const { methodResponses } = await told<{ methodResponses: [string, Answer, string][] }>('/jmap/api', { method: 'POST', body: JSON.stringify({ using: [CORE, using], methodCalls: [[name, args, 'c']] }) });
  return methodResponses[0]![1];
}

/** Says to the server that what it sends arrives here (RFC 8620 §7.2.2). */
export async function confirm(id: string, code: string): Promise<void> {
  await call('PushSubscription/set', { update: { [id]: { verificationCode: code } } });
}

/** What the person has chosen, by the server. */
export async function choices(): Promise<Choices> {
  const { primaryAccounts } = await told<{ primaryAccounts: Record<string, string> }>('/jmap/session');
  const { list } = await call<{ list: Partial<Choices>[] }>('Preferences/get', { accountId: primaryAccounts[PREFERENCES], ids: null });
  const { language = 'en', quietStart = 0, quietEnd = 0, quietDays = false, agenda } = list[0] ?? {};
  return { language, quietStart, quietEnd, quietDays, agenda: { workdays: WORKDAYS, ...agenda } as Choices['agenda'] };
}

/** What is said of what was pushed. Fails where the server does not say it. */
export function notice(pushed: Told, language: string, words: Words): Promise<Notice> {
  if (pushed['@type'] === 'ChatMessage') return ofMessage(pushed, words);
  return pushed['@type'] === 'CalendarAlert' ? ofEvent(pushed, language, words) : ofTask(pushed, language, words);
}

/** Of an encrypted message only who sent it, and where. */
async function ofMessage({ roomId: room, eventId }: ChatMessage, words: Words): Promise<Notice> {
  const at = (...parts: string[]) => `/_matrix/client/v3/rooms/${[room, ...parts].map(encodeURIComponent).join('/')}`;
  const state = (type: string, key = '') => told<{ name?: string; displayname?: string }>(at('state', type, key)).catch(() => ({ name: undefined, displayname: undefined }));
  const { type, sender, content } = await told<{ type: string; sender: string; content: { body?: unknown } }>(at('event', eventId));
  const [{ displayname }, { name }] = await Promise.all([state('m.room.member', sender), state('m.room.name')]);
  const who = displayname ?? sender;
  const shown = { title: name ? words['push.inRoom'].replace('{name}', who).replace('{room}', name) : who, tag: `chat ${room}`, path: `/chat/${encodeURIComponent(room)}` };
  if (type === 'm.room.encrypted') return { ...shown, body: words['push.sealed'] };
  return { ...shown, body: typeof content.body === 'string' ? content.body.slice(0, MOST) : words['push.message'] };
}

interface Event {
  title?: string;
  start: string;
  timeZone?: string | null;
  showWithoutTime?: boolean;
  recurrenceOverrides?: Record<string, Partial<Event>> | null;
}

/** One occurrence: its title, and when it begins by the clock of this device. */
async function ofEvent({ accountId, calendarEventId, recurrenceId, alertId }: CalendarAlert, language: string, words: Words): Promise<Notice> {
  const properties = ['title', 'start', 'timeZone', 'showWithoutTime', 'recurrenceOverrides'];
  const event = await one<Event>('CalendarEvent/get', accountId, calendarEventId, properties, CALENDARS);
  const { title, start, timeZone, showWithoutTime } = { ...event, ...(recurrenceId ? { start: recurrenceId, ...event.recurrenceOverrides?.[recurrenceId] } : {}) };
  const key = `${accountId}/${calendarEventId}/${recurrenceId ?? ''}`;
  const path = `/calendar/week/${start.slice(0, 10)}?${new URLSearchParams({ event: key })}`;
  const wall = parseLocal(start);
  const body = showWithoutTime ? dayOf(wall, language) : timeOf(instantOf(wall, timeZone ?? ownZone()), language);
  return { title: title || words['push.untitled'], body, tag: `${key}#${alertId}`, path };
}

async function ofTask({ accountId, taskId }: TaskAlert, language: string, words: Words): Promise<Notice> {
  const properties = ['title', 'due', 'utcDue', 'showWithoutTime'];
  const { title, due, utcDue, showWithoutTime } = await one<{ title: string; due?: string | null; utcDue: string | null; showWithoutTime?: boolean }>('Task/get', accountId, taskId, properties, TASKS);
  const body = !due || !utcDue ? '' : showWithoutTime ? dayOf(parseLocal(due), language) : timeOf(Date.parse(utcDue), language);
  return { title: title || words['push.untitled'], body, tag: `task ${taskId}`, path: `/tasks?${new URLSearchParams({ open: `${accountId}~${taskId}` })}` };
}

async function one<Found>(name: string, accountId: string, id: string, properties: string[], using: string): Promise<Found> {
  const { list } = await call<{ list: Found[] }>(name, { accountId, ids: [id], properties }, using);
  if (!list[0]) throw new Error('not found');
  return list[0];
}

/** `mardi 8 décembre`, of a wall-clock time. */
function dayOf(wall: number, language: string): string {
  return new Intl.DateTimeFormat(language, { weekday: 'long', day: 'numeric', month: 'long', timeZone: 'UTC' }).format(wall);
}

/** `mardi 14:30`, of an instant. */
function timeOf(at: number, language: string): string {
  return new Intl.DateTimeFormat(language, { weekday: 'long', hour: 'numeric', minute: '2-digit' }).format(at);
}
