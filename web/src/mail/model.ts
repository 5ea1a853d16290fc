/** What mail means, as pure functions: trees of mailboxes, rows of conversations, places and their filters. */
import type { Arguments } from '../kernel/jmap';
import type { Address, Email, Identity, Mailbox } from './types';

export const ROLES = ['inbox', 'drafts', 'sent', 'archive', 'junk', 'trash'] as const;
const ORDER = ['inbox', 'starred', 'snoozed', 'drafts', 'sent', 'archive', 'junk', 'trash'];

export interface Folder {
  mailbox: Mailbox;
  depth: number;
}

/** Mailboxes as they are listed: roles first in their usual order, then the others as a tree by name. */
export function folders(mailboxes: Mailbox[], language: string): Folder[] {
  const collator = new Intl.Collator(language, { numeric: true, sensitivity: 'base' });
  const rank = (mailbox: Mailbox) => (mailbox.role && ORDER.includes(mailbox.role) ? ORDER.indexOf(mailbox.role) : 99);
  const known = new Set(mailboxes.map((mailbox) => mailbox.id));
  const children = new Map<string, Mailbox[]>();
  for (const mailbox of mailboxes) {
    const parent = mailbox.parentId && known.has(mailbox.parentId) ? mailbox.parentId : '';
    children.set(parent, [...(children.get(parent) ?? []), mailbox]);
  }
  const walk = (parent: string, depth: number): Folder[] =>
    (children.get(parent) ?? [])
      .sort((a, b) => rank(a) - rank(b) || a.sortOrder - b.sortOrder || collator.compare(a.name, b.name))
      .flatMap((mailbox) => [{ mailbox, depth }, ...walk(mailbox.id, depth + 1)]);
  return walk('', 0);
}

/** Identities as they are offered: those of the account's own address first, before them the one that is always there. */
export function mainFirst(identities: Identity[], address: string): Identity[] {
  const rank = (identity: Identity) => (identity.email === address ? 0 : 2) + (identity.mayDelete ? 1 : 0);
  return identities.toSorted((a, b) => rank(a) - rank(b) || a.email.localeCompare(b.email) || a.name.localeCompare(b.name));
}

export type FilterName = 'all' | 'unread' | 'tome' | 'file';
export const FILTERS: FilterName[] = ['all', 'unread', 'tome', 'file'];

/** What a list shows: a mailbox, what is starred, or a label, in one account; or the inboxes of several. */
export interface Place {
  /** Empty for several. */
  account: string;
  kind: 'mailbox' | 'starred' | 'label' | 'inboxes';
  /** Mailbox id or keyword; of inboxes, all their ids as `account/mailbox`. */
  id: string;
}

/** The accounts and mailboxes that a place of several inboxes stands for. */
export function inboxesOf(place: Place): { account: string; mailbox: string }[] {
  return place.id.split(' ').filter(Boolean).map((one) => ({ account: one.slice(0, one.indexOf('/')), mailbox: one.slice(one.indexOf('/') + 1) }));
}

/** The JMAP filter of a place narrowed by one of the quick filters (RFC 8621 §4.4.1). */
export function filterOf(place: Place, filter: FilterName, own: string[], hidden: string[]): Arguments {
  const conditions: Arguments[] = [];
  if (place.kind === 'mailbox') conditions.push({ inMailbox: place.id });
  else {
    conditions.push({ hasKeyword: place.kind === 'starred' ? '$flagged' : place.id });
    if (hidden.length) conditions.push({ inMailboxOtherThan: hidden });
  }
  if (filter === 'unread') conditions.push({ notKeyword: '$seen' });
  if (filter === 'file') conditions.push({ hasAttachment: true });
  if (filter === 'tome') {
    const to = own.map((address) => ({ to: address }));
    conditions.push(to.length === 1 ? to[0]! : { operator: 'OR', conditions: to });
  }
  return conditions.length === 1 ? conditions[0]! : { operator: 'AND', conditions };
}

/** One row of the list: a conversation seen through its newest message here. */
export interface Row {
  who: string;
  /** The person whose avatar is shown. */
  face: Address;
  count: number;
  unread: boolean;
  starred: boolean;
  attachment: boolean;
  draft: boolean;
  replied: boolean;
  labels: string[];
}

export function displayName(address: Address): string {
  return address.name?.trim() || address.email;
}

const FAMILY_FIRST = /^(nguyễn|trần|lê|phạm|hoàng|huỳnh|phan|vũ|võ|đặng|bùi|đỗ|hồ|ngô|dương|lý|đinh|trịnh|mai|tô|lương)\s/iu;

/** A person's name as short as people say it: the given name, which comes last in Vietnamese. */
export function shortName(address: Address): string {
  const name = displayName(address);
  if (name.includes('@')) return name.split('@')[0]!;
  const words = name.split(/\s+/);
  if (name.includes(',') || words.length > 4) return name;
  return (FAMILY_FIRST.test(name) ? words.at(-1) : words[0]) ?? name;
}

/**
 * Joins the messages of a conversation to a row. `outgoing`: the place holds what one has written, so the
 * people are those written to. `me` is the word for oneself.
 */
export function rowOf(newest: Email, all: Email[], own: Set<string>, outgoing: boolean, me: string): Row {
  const messages = all.length ? all : [newest];
  const people = outgoing ? (newest.to ?? []).concat(newest.cc ?? []) : messages.flatMap((email) => email.from ?? []);
  const unique = [...new Map(people.map((person) => [person.email.toLowerCase(), person])).values()];
  const others = unique.filter((person) => !own.has(person.email.toLowerCase()));
  const names = unique.length === 1 ? unique.map((one) => (own.has(one.email.toLowerCase()) ? me : displayName(one))) : unique.map((one) => (own.has(one.email.toLowerCase()) ? me : shortName(one)));
  return {
    who: names.join(', '),
    face: others.at(outgoing ? 0 : -1) ?? unique[0] ?? { email: '?' },
    count: messages.length,
    unread: messages.some((email) => !email.keywords.$seen && !email.keywords.$draft),
    starred: messages.some((email) => email.keywords.$flagged),
    attachment: messages.some((email) => email.hasAttachment),
    draft: messages.some((email) => email.keywords.$draft),
    replied: !!newest.keywords.$answered,
    labels: [...new Set(messages.flatMap((email) => Object.keys(email.keywords).filter(isLabel)))],
  };
}

/** How many conversations messages are of. */
export function conversations(emails: Pick<Email, 'threadId'>[]): number {
  return new Set(emails.map((email) => email.threadId)).size;
}

/** Labels are keywords of our own form; everything else in keywords is the protocol's or another client's. */
export function isLabel(keyword: string): boolean {
  return keyword.startsWith('label:');
}

/**
 * A label's name as a keyword. Keywords are ASCII without case (RFC 8621 §4.1.1), so what is not a small
 * letter, a digit or a hyphen is written as `_` and two hex digits for each octet of UTF-8.
 */
export function labelKeyword(name: string): string {
  const octets = [...new TextEncoder().encode(name.normalize('NFC').trim())];
  return `label:${octets.map((octet) => (/[a-z0-9-]/.test(String.fromCharCode(octet)) ? String.fromCharCode(octet) : `_${octet.toString(16).padStart(2, '0')}`)).join('')}`;
}

export function labelName(keyword: string): string {
  const octets: number[] = [];
  const text = keyword.slice('label:'.length);
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '_' && /^[0-9a-f]{2}$/.test(text.slice(at + 1, at + 3))) {
      octets.push(Number.parseInt(text.slice(at + 1, at + 3), 16));
      at += 2;
    } else octets.push(text.charCodeAt(at));
  }
  return new TextDecoder().decode(new Uint8Array(octets));
}

/** The subject without the prefixes that mail programs put before it. */
export function plainSubject(subject: string | null): string {
  return (subject ?? '').replace(/^((re|fwd?|tr|aw|wg|trả lời|chuyển tiếp|réf?)\s*(\[\d+\])?\s*[:：]\s*)+/i, '').trim();
}
