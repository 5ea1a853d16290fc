/** What waits in the queue, as the server tells it, by destination and in words. */
import type { MessageKey } from '../../kernel/i18n.svelte';

export interface Recipient {
  address: string;
  destination: string;
  state: 'queued' | 'delivered' | 'relayed' | 'failed' | 'canceled';
  reply: string;
  /** Who answered, '' when it was this server. */
  host: string;
  changed: string;
  nextTry: string | null;
}
export interface Message {
  id: string;
  state: 'held' | 'active' | 'paused';
  sender: string;
  size: number;
  queued: string;
  release: string;
  recipients: Recipient[];
}
/** MailQueue/get. */
export interface Told {
  total: number;
  destinations: { destination: string; messages: number }[];
  list: Message[];
}

export interface Row {
  message: Message;
  /** Those of the message's recipients for whom it waits at this destination. */
  to: Recipient[];
  /** It no longer waits, and stays only so that nothing moves. */
  left: boolean;
}
export interface Group {
  destination: string;
  /** How many wait, shown or not. */
  count: number;
  rows: Row[];
}

/** What was told, by destination; a message for several stands under each. */
export function grouped(told: Told): Group[] {
  const messages = [...new Map(told.list.map((one) => [one.id, one])).values()];
  return told.destinations.map(({ destination, messages: count }) => ({
    destination,
    count,
    rows: messages
      .map((message) => ({ message, to: message.recipients.filter((one) => one.state === 'queued' && one.destination === destination), left: false }))
      .filter((row) => row.to.length),
  }));
}

/** The fresh groups with everything where it was: what has left is still there, what is new comes after. */
export function steady(old: Group[], fresh: Group[]): Group[] {
  return inPlace(old, fresh, (one) => one.destination, (was, now) => ({
    ...(now ?? { ...was, count: 0 }),
    rows: inPlace(was.rows, now?.rows ?? [], (row) => row.message.id, (before, after) => after ?? { ...before, left: true }),
  }));
}

function inPlace<T>(old: T[], fresh: T[], key: (one: T) => string, merged: (was: T, now: T | undefined) => T): T[] {
  const found = new Map(fresh.map((one) => [key(one), one]));
  const known = new Set(old.map(key));
  return [...old.map((one) => merged(one, found.get(key(one)))), ...fresh.filter((one) => !known.has(key(one)))];
}

/** RFC 3463 §3, as far as a word of its own helps; looked up by the whole status, then by its subject. */
const STATUS: Record<string, MessageKey> = {
  '1': 'queue.why.address',
  '2': 'queue.why.mailbox',
  '2.1': 'queue.why.off',
  '2.2': 'queue.why.full',
  '3': 'queue.why.system',
  '3.1': 'queue.why.space',
  '3.2': 'queue.why.busy',
  '4.1': 'queue.why.noAnswer',
  '4.2': 'queue.why.cut',
  '4.3': 'queue.why.dns',
  '4.4': 'queue.why.noServer',
  '4.5': 'queue.why.busy',
  '7': 'queue.why.policy',
  '7.4': 'queue.why.unsafe',
  '7.5': 'queue.why.unsafe',
  '7.10': 'queue.why.unsafe',
  '7.28': 'queue.why.many',
};
const CODE: Record<string, MessageKey> = { '421': 'queue.why.busy', '452': 'queue.why.space' };

/** What a message waits for: the key of a sentence, which has a hole `when` when it leaves later. */
export function why(row: Row, now: number): MessageKey {
  const { message, to } = row;
  if (message.state === 'paused') return 'queue.why.paused';
  if (message.state === 'held' && Date.parse(message.release) > now) return 'queue.why.later';
  const reply = to.find((one) => one.reply)?.reply;
  return reply ? whyOf(reply) : 'queue.why.first';
}

/** What an answer of a server means. */
export function whyOf(reply: string): MessageKey {
  const [, code = '', status = ''] = /^(\d{3})(?:[ -]4\.(\d{1,3}\.\d{1,3}))?/.exec(reply) ?? [];
  if (/gr[ae]y.?list/i.test(reply)) return 'queue.why.grey';
  if (/too (many|much|fast)|rate.?limit|limit exceeded|throttl/i.test(reply)) return 'queue.why.many';
  return STATUS[status] ?? STATUS[status.split('.')[0]!] ?? CODE[code] ?? 'queue.why.other';
}

/** When it is tried next, '' while that is under way; null when it is not. */
export function nextTry(row: Row, now: number): string | null {
  if (row.message.state === 'paused') return null;
  const at = row.to.find((one) => one.nextTry)?.nextTry;
  return at ? (Date.parse(at) > now ? at : '') : null;
}

/** How a destination that is no domain is called. */
export function nameKey(destination: string): MessageKey | null {
  if (destination === '.') return 'queue.here';
  if (destination === '*') return 'queue.relay';
  return destination.startsWith('@') ? 'queue.provider' : null;
}
