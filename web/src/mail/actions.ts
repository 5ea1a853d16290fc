/** What can be done to messages: each is shown at once, goes through the outbox, and can be undone. */
import { longDate } from '../kernel/format';
import { t, type MessageKey } from '../kernel/i18n.svelte';
import { notices } from '../kernel/notices.svelte';
import { outbox, type Action, type MutateOptions } from '../kernel/outbox.svelte';
import { escapeName, type Patch } from '../kernel/patch';
import { store } from '../kernel/store.svelte';
import { bulk } from './bulk.svelte';
import { conversations, labelName, type Place } from './model';
import { EmailType, MailboxType, ThreadType, type Email, type Mailbox } from './types';
import { keyOf, view } from './view.svelte';

/** Conversations of one account that an action is about, by the ids of messages in them. */
export interface Target {
  account: string;
  emailIds: string[];
  /** Everything the open list holds, whatever is loaded of it. */
  everything?: boolean;
}

/** What an action looks at in a message. */
export type Filed = Pick<Email, 'id' | 'threadId' | 'mailboxIds' | 'keywords' | 'snoozedUntil'>;

/** One change of many messages and how it is told. `patch` is null for a message it does not concern. */
export interface Deed {
  patch: (email: Filed) => Patch | null;
  told: MessageKey;
  holes?: Record<string, string>;
}

/** What is chosen, else what is open, else the row under the cursor; one an account. */
export function targets(): Target[] {
  if (view.chosen.size && view.everything) return everything();
  if (view.chosen.size) return byAccount(view.chosen);
  const { account } = view;
  if (view.thread) return [{ account, emailIds: store.peek(ThreadType, account, view.thread)?.emailIds ?? [] }];
  const email = view.emailAt(view.cursor);
  return email ? [{ account, emailIds: [email.id] }] : [];
}

/** Everything the open list holds. */
export function everything(): Target[] {
  const ids = byAccount(view.chosen);
  return (view.place ? view.places(view.place) : []).map(({ account }) => ({ account, emailIds: ids.find((one) => one.account === account)?.emailIds ?? [], everything: true }));
}

/** Messages named by `keyOf`, gathered by their accounts. */
export function byAccount(keys: Iterable<string>): Target[] {
  const found = new Map<string, string[]>();
  for (const key of keys) {
    const cut = key.indexOf('/');
    const account = key.slice(0, cut);
    found.set(account, [...(found.get(account) ?? []), key.slice(cut + 1)]);
  }
  return [...found].map(([account, emailIds]) => ({ account, emailIds }));
}

/** All messages of the target's conversations. */
export function messagesOf({ account, emailIds }: Target): Email[] {
  const threads = new Set(emailIds.map((id) => store.peek(EmailType, account, id)?.threadId).filter((id) => id !== undefined));
  const ids = [...threads].flatMap((id) => store.peek(ThreadType, account, id)?.emailIds ?? []);
  const emails = [...new Set([...ids, ...emailIds])].map((id) => store.peek(EmailType, account, id));
  return emails.filter((email) => email !== undefined);
}

/** Tells what was done, with Undo for all of it, be it in several accounts. */
function report(key: MessageKey, count: number, actions: Action[], holes: Record<string, string> = {}): void {
  const undo = () => actions.map((action) => action.undo()).some(Boolean);
  if (actions.length > 1) outbox.remember({ undo });
  notices.show(t(key, { count, ...holes }), { action: { label: t('ui.undo'), keys: 'Z', run: undo } });
}

function patchEach(target: Target, emails: Email[], patch: (email: Email) => Patch | null, options?: MutateOptions): Action | null {
  const changes = Object.fromEntries(emails.map((email) => [email.id, patch(email)] as const).filter((pair): pair is [string, Patch] => pair[1] !== null));
  return Object.keys(changes).length ? outbox.update(EmailType, target.account, changes, options) : null;
}

/** Does in each account its deed to the messages of some conversations, or page by page to everything there is. */
function perform(to: Target[], deedIn: (account: string) => Deed | null, leaves: boolean): void {
  const work = to.map((target) => ({ target, deed: deedIn(target.account) })).filter((one): one is { target: Target; deed: Deed } => one.deed !== null);
  if (to.some((target) => target.everything) && view.place) {
    const places = view.places(view.place);
    const jobs = work.map(({ target: { account }, deed }) => ({ account, filter: view.condition(places.find((place) => place.account === account)!), deed }));
    view.choose([]);
    return void bulk.run(jobs);
  }
  let count = 0;
  const actions = work.flatMap(({ target, deed }) => {
    const emails = messagesOf(target).filter((email) => deed.patch(email));
    count += conversations(emails);
    return patchEach(target, emails, deed.patch, work.length > 1 ? { undoable: false } : {}) ?? [];
  });
  if (!actions.length) return;
  const { told, holes } = work[0]!.deed;
  report(told, count, actions, holes);
  if (leaves) moveOn();
}

/** The mailboxes of a role in the accounts of targets, made where there are none. */
async function boxesOf(role: 'archive' | 'trash' | 'junk' | 'snoozed', to: Target[]): Promise<Map<string, string>> {
  return new Map(await Promise.all(to.map(async ({ account }) => [account, await roleBox(role, account)] as const)));
}

/** Where messages are taken from: the open mailbox, else the inbox. */
function source(account: string): string | undefined {
  return view.place?.kind === 'mailbox' ? view.place.id : view.role('inbox', account)?.id;
}

/** After messages left the list: nothing stays chosen, and the next conversation takes the place of the open one. */
function moveOn(): void {
  const reading = view.thread !== null && !view.chosen.size;
  view.choose([]);
  const last = (view.query?.length ?? 0) - 1;
  view.cursor = Math.max(0, Math.min(view.cursor, last));
  if (!reading) return;
  if (last >= 0 && matchMedia('(min-width: 761px)').matches) view.openRow(view.cursor);
  else view.closeThread();
}

/** The mailbox of a role, made if the account has none. */
async function roleBox(role: 'archive' | 'trash' | 'junk' | 'snoozed', account: string): Promise<string> {
  const there = view.role(role, account);
  if (there) return there.id;
  const names = { archive: 'Archive', trash: 'Trash', junk: 'Junk', snoozed: 'Snoozed' };
  const [id] = await outbox.create(MailboxType, account, { name: names[role], role, parentId: null, isSubscribed: true, sortOrder: 0 }).done;
  return id as string;
}

export async function archive(to: Target[] = targets()): Promise<void> {
  const boxes = await boxesOf('archive', to);
  perform(to, (account) => {
    const [from, box] = [source(account), boxes.get(account)!];
    if (!from || from === box) return null;
    return { patch: (email) => (from in email.mailboxIds ? { [`mailboxIds/${from}`]: null, [`mailboxIds/${box}`]: true } : null), told: 'mail.archived' };
  }, true);
}

/** Moves to the trash; what is in the trash already is destroyed, after the time in which it can be undone. */
export async function trash(to: Target[] = targets()): Promise<void> {
  const boxes = await boxesOf('trash', to);
  const [first] = to;
  if (first && view.place?.kind === 'mailbox' && view.place.id === boxes.get(first.account)) return destroy(first, view.place);
  const deed = (box: string): Deed => ({ patch: (email) => (box in email.mailboxIds ? null : { mailboxIds: { [box]: true } }), told: 'mail.trashed' });
  perform(to, (account) => deed(boxes.get(account)!), true);
}

/** Destroys messages that are in the open mailbox. */
async function destroy(to: Target, place: Place): Promise<void> {
  if (to.everything) {
    view.choose([]);
    return bulk.destroy(to.account, view.condition(place));
  }
  const doomed = messagesOf(to).filter((email) => place.id in email.mailboxIds);
  if (!doomed.length) return;
  const action = outbox.destroy(EmailType, to.account, doomed.map((email) => email.id), { hold: 7_500 });
  report('mail.destroyed', conversations(doomed), [action]);
  moveOn();
}

export async function junk(to: Target[] = targets()): Promise<void> {
  const boxes = await boxesOf('junk', to);
  perform(to, (account) => {
    const [box, inbox] = [boxes.get(account)!, view.role('inbox', account)?.id];
    const back = view.place?.kind === 'mailbox' && view.place.id === box && inbox;
    const patch = () =>
      back
        ? { mailboxIds: { [inbox]: true }, 'keywords/$notjunk': true, 'keywords/$junk': null, 'keywords/$phishing': null }
        : { mailboxIds: { [box]: true }, 'keywords/$junk': true, 'keywords/$notjunk': null };
    return { patch, told: back ? 'mail.notJunkDone' : 'mail.junked' };
  }, true);
}

/** Reports an attempt to deceive: the keyword of the IANA registry, and out of the way into Junk. */
export async function phishing(to: Target[] = targets()): Promise<void> {
  const boxes = await boxesOf('junk', to);
  const patch = (box: string) => () => ({ mailboxIds: { [box]: true }, 'keywords/$phishing': true, 'keywords/$junk': true, 'keywords/$notjunk': null });
  perform(to, (account) => ({ patch: patch(boxes.get(account)!), told: 'mail.phishingDone' }), true);
}

/** Out of sight until a time; then the server puts it into the inbox again, unread. */
export async function snooze(at: Date, to: Target[] = targets()): Promise<void> {
  const boxes = await boxesOf('snoozed', to);
  const snoozedUntil = `${at.toISOString().slice(0, 19)}Z`;
  const waiting = view.mailbox?.role === 'snoozed';
  perform(to, (account) => {
    const [from, box] = [source(account), boxes.get(account)!];
    const patch = (email: Filed): Patch | null => {
      if (box in email.mailboxIds) return { snoozedUntil };
      return from && from in email.mailboxIds ? { [`mailboxIds/${from}`]: null, [`mailboxIds/${box}`]: true, snoozedUntil } : null;
    };
    return { patch, told: 'mail.snoozedDone', holes: { date: longDate(snoozedUntil) } };
  }, !waiting);
}

/** The mailbox of an account that is what a mailbox of another is: of the same role, else of the same name. */
export function counterpart(mailbox: Mailbox, account: string): Mailbox | undefined {
  const all = store.list(MailboxType, account);
  return all.find(({ id }) => id === mailbox.id) ?? all.find(({ role, name }) => (mailbox.role ? role === mailbox.role : !role && name === mailbox.name));
}

/** Moves to a mailbox, in each account to what is the same there. */
export function move(mailbox: Mailbox, to: Target[] = targets()): void {
  perform(to, (account) => {
    const [from, box] = [source(account), counterpart(mailbox, account)?.id];
    if (!box) return null;
    const patch = (email: Filed): Patch | null => {
      if (view.place?.kind === 'mailbox' && !(from && from in email.mailboxIds)) return null;
      if (box in email.mailboxIds && (!from || from === box)) return null;
      return { ...(from && from in email.mailboxIds ? { [`mailboxIds/${from}`]: null } : {}), [`mailboxIds/${box}`]: true };
    };
    return { patch, told: 'mail.moved', holes: { name: mailboxName(mailbox) } };
  }, true);
}

/** A mailbox's name: roles have theirs in the language in use. */
export function mailboxName(mailbox: Mailbox): string {
  const names: Record<string, MessageKey> = { inbox: 'mail.inbox', drafts: 'mail.drafts', sent: 'mail.sent', archive: 'mail.archiveBox', junk: 'mail.junk', trash: 'mail.trash', snoozed: 'mail.snoozed' };
  const key = mailbox.role ? names[mailbox.role] : undefined;
  return key ? t(key) : mailbox.name;
}

export function star(to: Target[] = targets()): void {
  if (to.some((target) => target.everything)) return perform(to, () => ({ patch: (email) => (email.keywords.$flagged ? null : { 'keywords/$flagged': true }), told: 'mail.starredAll' }), false);
  const on = !to.flatMap(messagesOf).some((email) => email.keywords.$flagged);
  for (const target of to) {
    const newest = new Set(target.emailIds.length > 1 && view.thread && !view.chosen.size ? target.emailIds.slice(-1) : target.emailIds);
    patchEach(target, messagesOf(target), (email) => (on ? (newest.has(email.id) ? { 'keywords/$flagged': true } : null) : email.keywords.$flagged ? { 'keywords/$flagged': null } : null));
  }
}

export function starOne(account: string, email: Email): void {
  outbox.update(EmailType, account, { [email.id]: { 'keywords/$flagged': email.keywords.$flagged ? null : true } });
}

/** Marks read or unread; without `read`, whichever changes something. */
export function markRead(read?: boolean, to: Target[] = targets()): void {
  const seen = read ?? to.flatMap(messagesOf).some((email) => !email.keywords.$seen);
  const told = seen ? 'mail.markedRead' : 'mail.markedUnread';
  if (to.some((target) => target.everything)) return perform(to, () => ({ patch: (email) => (!!email.keywords.$seen === seen ? null : { 'keywords/$seen': seen || null }), told }), false);
  const newest = new Set(to.flatMap(({ account, emailIds }) => emailIds.map((id) => keyOf(account, id))));
  const patch = (account: string) => (email: Filed): Patch | null => {
    if (seen) return email.keywords.$seen ? null : { 'keywords/$seen': true };
    return newest.has(keyOf(account, email.id)) && email.keywords.$seen ? { 'keywords/$seen': null } : null;
  };
  if (view.chosen.size) perform(to, (account) => ({ patch: patch(account), told }), false);
  else for (const target of to) patchEach(target, messagesOf(target), patch(target.account));
}

/** Opening a conversation reads it; that is not an action to undo. */
export function seen(account: string, emails: Email[]): void {
  const unread = emails.filter((email) => !email.keywords.$seen);
  if (unread.length) patchEach({ account, emailIds: [] }, unread, () => ({ 'keywords/$seen': true }), { undoable: false });
}

/** Puts a label on, or takes it off when all have it. */
export function label(keyword: string, to: Target[] = targets()): void {
  const on = !to.flatMap(messagesOf).every((email) => email.keywords[keyword]);
  const patch = (email: Filed) => (!!email.keywords[keyword] === on ? null : { [`keywords/${escapeName(keyword)}`]: on || null });
  perform(to, () => ({ patch, told: on ? 'mail.labelled' : 'mail.unlabelled', holes: { name: labelName(keyword) } }), false);
}
