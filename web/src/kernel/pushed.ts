/**
 * What a push service brings to the service worker: signs without content (RFC 8620 §7.2). What is shown comes from the
 * server itself, asked with the person's own sign-in. Nothing here is of a page.
 */
import type { Preferences } from './preferences.svelte';

/** A subscription that is to be confirmed, or a message in a room. */
export type Pushed =
  | { '@type': 'PushVerification'; pushSubscriptionId: string; verificationCode: string }
  | { '@type': 'ChatMessage'; roomId: string; eventId: string };

export interface Notice {
  title: string;
  body: string;
}
type Words = Record<'push.message' | 'push.sealed' | 'push.inRoom', string>;
type Choices = Pick<Preferences, 'language' | 'quietStart' | 'quietEnd' | 'quietDays' | 'agenda'>;

const CORE = 'urn:ietf:params:jmap:core';
const PREFERENCES = 'urn:parvis:preferences';
const WORKDAYS = [0, 1, 2, 3, 4];
const MOST = 200;

async function told<Answer>(path: string, init: RequestInit = {}): Promise<Answer> {
  const answer = await fetch(path, { credentials: 'same-origin', headers: { Accept: 'application/json', 'Content-Type': 'application/json', 'X-Parvis': '1' }, ...init });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return (await answer.json()) as Answer;
}

async function call<Answer>(name: string, args: object): Promise<Answer> {
  const { methodResponses } = await told<{ methodResponses: [string, Answer, string][] }>('/jmap/api', { method: 'POST', body: JSON.stringify({ using: [CORE, PREFERENCES], methodCalls: [[name, args, 'c']] }) });
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

/** What is said of a message; of an encrypted one only who sent it, and where. */
export async function notice(room: string, event: string, words: Words): Promise<Notice> {
  const at = (...parts: string[]) => `/_matrix/client/v3/rooms/${[room, ...parts].map(encodeURIComponent).join('/')}`;
  const state = (type: string, key = '') => told<{ name?: string; displayname?: string }>(at('state', type, key)).catch(() => ({ name: undefined, displayname: undefined }));
  const { type, sender, content } = await told<{ type: string; sender: string; content: { body?: unknown } }>(at('event', event));
  const [{ displayname }, { name }] = await Promise.all([state('m.room.member', sender), state('m.room.name')]);
  const who = displayname ?? sender;
  const title = name ? words['push.inRoom'].replace('{name}', who).replace('{room}', name) : who;
  if (type === 'm.room.encrypted') return { title, body: words['push.sealed'] };
  return { title, body: typeof content.body === 'string' ? content.body.slice(0, MOST) : words['push.message'] };
}
