/** Asks the server: passages by Search/query; without words, the messages that pass the filters. */
import { accounts, type MailAccount } from '../kernel/accounts.svelte';
import { t, type MessageKey } from '../kernel/i18n.svelte';
import { jmap, MAIL } from '../kernel/jmap';
import { signedIn } from '../kernel/session.svelte';
import { store } from '../kernel/store.svelte';
import type { Asked } from './operators';
import { MailboxType, SEARCH, type Answer, type Filter, type Hit, type Mailbox, type Suggestion } from './types';

export type Order = 'relevance' | 'newest';
export interface Found extends Answer {
  /** By message: the conversation it belongs to. */
  threads: Map<string, string>;
}

export const MOST = 60;
const ROLES: Record<string, MessageKey> = { inbox: 'mail.inbox', drafts: 'mail.drafts', sent: 'mail.sent', archive: 'mail.archiveBox', junk: 'mail.junk', trash: 'mail.trash' };

export function boxName(mailbox: Mailbox): string {
  const key = mailbox.role ? ROLES[mailbox.role] : undefined;
  return key ? t(key) : mailbox.name;
}

/** The mailboxes of the account that a search is limited to, else of the person's own. */
export function boxes(account: string): Mailbox[] {
  return store.list(MailboxType, accountsNamed(account)[0]?.id ?? jmap.primary(MAIL));
}

/** The accounts that `account:` names: by address, or by the beginning of one. */
export function accountsNamed(name: string): MailAccount[] {
  const wanted = plain(name);
  if (!wanted) return [];
  const exact = accounts.all.filter((account) => plain(account.name) === wanted);
  return exact.length ? exact : accounts.all.filter((account) => plain(account.name).startsWith(wanted));
}

/** Without accents, case and blank space, to compare what people type with names. */
export function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}|[\s-]/gu, '').replace(/đ/gi, 'd').toLowerCase();
}

/** The mailboxes that `in:` names: by name, by role, or by the beginning of a name. */
export function boxesNamed(name: string, account = ''): Mailbox[] {
  const wanted = plain(name);
  const named = (test: (text: string) => boolean) => boxes(account).filter((box) => test(plain(boxName(box))) || test(plain(box.name)) || (box.role !== null && test(box.role)));
  const exact = named((text) => text === wanted);
  return exact.length ? exact : named((text) => text.startsWith(wanted));
}

/** What was asked as arguments for the server; days are the person's own. */
export function filterOf(asked: Asked): Filter {
  const day = (text: string) => `${new Date(`${text}T00:00:00`).toISOString().slice(0, 19)}Z`;
  const who = (text: string) => ([t('search.me'), 'me'].includes(text.toLocaleLowerCase()) ? (signedIn.person?.address ?? text) : text);
  return {
    ...(asked.from ? { author: who(asked.from) } : {}),
    ...(asked.with ? { person: who(asked.with) } : {}),
    ...(asked.after ? { after: day(asked.after) } : {}),
    ...(asked.before ? { before: day(asked.before) } : {}),
    ...(asked.file ? { hasAttachment: true } : {}),
    ...(asked.in ? { mailboxIds: boxesNamed(asked.in, asked.account).map((box) => box.id) } : {}),
  };
}

export async function find(asked: Asked, order: Order): Promise<Found> {
  const filter = filterOf(asked);
  const among = accountsNamed(asked.account).map(({ id }) => id);
  if ((filter.mailboxIds && !filter.mailboxIds.length) || (asked.account && !among.length)) return { hits: [], corrections: {}, meaning: false, threads: new Map() };
  if (!asked.words) return list(filter, among);
  const answer = await jmap.call<Answer>('Search/query', { accountId: jmap.primary(SEARCH), text: asked.words, filter, order, limit: MOST, ...(among.length ? { accountIds: among } : {}) });
  const hits = once(answer.hits);
  return { ...answer, hits, threads: await conversations(hits) };
}

/** A message that several accounts hold is shown once, from the person's own account when it is there. */
function once(hits: Hit[]): Hit[] {
  const home = jmap.primary(SEARCH);
  const seen = new Map<string, Hit>();
  for (const hit of hits) {
    const key = [hit.kind, hit.author, hit.title, hit.fileName, hit.text].join('\n');
    if (!seen.has(key) || hit.accountId === home) seen.set(key, hit);
  }
  return [...seen.values()];
}

export async function suggest(text: string): Promise<Suggestion[]> {
  const answer = await jmap.call<{ suggestions: Suggestion[] }>('Search/suggest', { accountId: jmap.primary(SEARCH), text, limit: 7 });
  return answer.suggestions.slice(0, 7);
}

interface Listed {
  id: string;
  threadId: string;
  subject: string | null;
  from: { name?: string | null; email: string }[] | null;
  receivedAt: string;
  preview: string;
}

/** Search/query looks for words; filters alone are a list of messages (RFC 8621 §4.4), newest first. */
async function list({ author, person, mailboxIds, ...same }: Filter, among: string[]): Promise<Found> {
  const conditions = [
    ...(author ? [{ from: author }] : []),
    ...(person ? [{ operator: 'OR', conditions: [{ from: person }, { to: person }, { cc: person }] }] : []),
    ...(mailboxIds ? [{ operator: 'OR', conditions: mailboxIds.map((inMailbox) => ({ inMailbox })) }] : []),
    ...(Object.keys(same).length ? [same] : []),
  ];
  const where = among.length ? among : mailboxIds ? [jmap.primary(MAIL)] : accounts.all.map(({ id }) => id);
  const batch = jmap.batch();
  const calls = where.map((accountId) => {
    const query = batch.add('Email/query', { accountId, filter: { operator: 'AND', conditions }, sort: [{ property: 'receivedAt', isAscending: false }], limit: MOST });
    return { accountId, get: batch.add<{ list: Listed[] }>('Email/get', { accountId, '#ids': query.ref('/ids'), properties: ['threadId', 'subject', 'from', 'receivedAt', 'preview'] }) };
  });
  await batch.send();
  const found = (await Promise.all(calls.map(async ({ accountId, get }) => (await get.answer).list.map((email) => ({ accountId, email }))))).flat();
  const newest = found.sort((a, b) => b.email.receivedAt.localeCompare(a.email.receivedAt)).slice(0, MOST);
  return { hits: once(newest.map(({ email, accountId }) => hitOf(email, accountId))), corrections: {}, meaning: false, threads: new Map(newest.map(({ email }) => [email.id, email.threadId])) };
}

function hitOf(email: Listed, accountId: string): Hit {
  const [sender] = email.from ?? [];
  return {
    passageId: email.id, accountId, kind: 'Email', objectId: email.id, part: 'body', fileName: '', origin: 'own', place: {}, marks: [], titleMarks: [],
    title: email.subject ?? '', author: sender ? `${sender.name ?? ''} <${sender.email}>` : '', time: email.receivedAt, text: email.preview,
  };
}

/** Finds the conversations of all hits, one call an account, in one request. */
async function conversations(hits: Hit[]): Promise<Map<string, string>> {
  const mails = hits.filter((hit) => hit.kind === 'Email');
  const calls = [...new Set(mails.map((hit) => hit.accountId))].map((accountId) => {
    const ids = [...new Set(mails.filter((hit) => hit.accountId === accountId).map((hit) => hit.objectId))];
    return jmap.call<{ list: { id: string; threadId: string }[] }>('Email/get', { accountId, ids, properties: ['threadId'] }).catch(() => ({ list: [] }));
  });
  return new Map((await Promise.all(calls)).flatMap(({ list: emails }) => emails.map((email) => [email.id, email.threadId] as const)));
}
