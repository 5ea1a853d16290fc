/** What can be done to messages: each is shown at once, goes through the outbox, and can be undone. */
import { longDate } from '../kernel/format';
import { t, type MessageKey } from '../kernel/i18n.svelte';
import { notices } from '../kernel/notices.svelte';
import { outbox, type Action, type MutateOptions } from '../kernel/outbox.svelte';
import { escapeName, type Patch } from '../kernel/patch';
import { store } from '../kernel/store.svelte';
import { bulk } from './bulk.svelte';
import { conversations, labelName } from './model';
import { EmailType, MailboxType, ThreadType, type Email, type Mailbox } from './types';
import { view } from './view.svelte';

/** Conversations an action is about, by the ids of messages in them. */
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

/** What is chosen, else what is open, else the row under the cursor. */
export function target(): Target {
  const account = view.place?.account ?? view.home;
  if (view.chosen.size) return { account, emailIds: [...view.chosen], everything: view.everything };
  if (view.thread) return { account, emailIds: store.peek(ThreadType, account, view.thread)?.emailIds ?? [] };
  const email = view.emailAt(view.cursor);
  return { account, emailIds: email ? [email.id] : [] };
}

/** All messages of the target's conversations. */
export function messagesOf({ account, emailIds }: Target): Email[] {
  const threads = new Set(emailIds.map((id) => store.peek(EmailType, account, id)?.threadId).filter((id) => id !== undefined));
  const ids = [...threads].flatMap((id) => store.peek(ThreadType, account, id)?.emailIds ?? []);
  const emails = [...new Set([...ids, ...emailIds])].map((id) => store.peek(EmailType, account, id));
  return emails.filter((email) => email !== undefined);
}

/** Tells what was done, with Undo. */
function report(key: MessageKey, emails: Email[], action: Action, holes: Record<string, string> = {}): void {
  notices.show(t(key, { count: conversations(emails), ...holes }), {
    action: { label: t('ui.undo'), keys: 'Z', run: () => action.undo() },
  });
}

function patchEach(target: Target, emails: Email[], patch: (email: Email) => Patch | null, options?: MutateOptions): Action | null {
  const changes = Object.fromEntries(emails.map((email) => [email.id, patch(email)] as const).filter((pair): pair is [string, Patch] => pair[1] !== null));
  return Object.keys(changes).length ? outbox.update(EmailType, target.account, changes, options) : null;
}

/** Does it to the messages of some conversations, or page by page to everything there is. */
function perform(to: Target, deed: Deed, leaves: boolean): void {
  if (to.everything && view.place) {
    const { place } = view;
    const filter = view.condition(place);
    view.choose([]);
    return void bulk.run(place.account, filter, deed);
  }
  const emails = messagesOf(to).filter((email) => deed.patch(email));
  const action = patchEach(to, emails, deed.patch);
  if (!action) return;
  report(deed.told, emails, action, deed.holes);
  if (leaves) moveOn();
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

export async function archive(to: Target = target()): Promise<void> {
  const box = await roleBox('archive', to.account);
  const from = source(to.account);
  if (!from || from === box) return;
  const patch = (email: Filed) => (from in email.mailboxIds ? { [`mailboxIds/${from}`]: null, [`mailboxIds/${box}`]: true } : null);
  perform(to, { patch, told: 'mail.archived' }, true);
}

/** Moves to the trash; what is in the trash already is destroyed, after the time in which it can be undone. */
export async function trash(to: Target = target()): Promise<void> {
  const box = await roleBox('trash', to.account);
  const forever = view.place?.kind === 'mailbox' && view.place.id === box;
  if (forever && to.everything) {
    const filter = view.condition(view.place!);
    view.choose([]);
    return bulk.destroy(to.account, filter);
  }
  const doomed = forever ? messagesOf(to).filter((email) => box in email.mailboxIds) : [];
  if (doomed.length) {
    const action = outbox.destroy(EmailType, to.account, doomed.map((email) => email.id), { hold: 7_500 });
    report('mail.destroyed', doomed, action);
    moveOn();
  } else perform(to, { patch: (email) => (box in email.mailboxIds ? null : { mailboxIds: { [box]: true } }), told: 'mail.trashed' }, true);
}

export async function junk(to: Target = target()): Promise<void> {
  const box = await roleBox('junk', to.account);
  const inbox = view.role('inbox', to.account)?.id;
  const back = view.place?.kind === 'mailbox' && view.place.id === box && inbox;
  const patch = () =>
    back
      ? { mailboxIds: { [inbox]: true }, 'keywords/$notjunk': true, 'keywords/$junk': null, 'keywords/$phishing': null }
      : { mailboxIds: { [box]: true }, 'keywords/$junk': true, 'keywords/$notjunk': null };
  perform(to, { patch, told: back ? 'mail.notJunkDone' : 'mail.junked' }, true);
}

/** Reports an attempt to deceive: the keyword of the IANA registry, and out of the way into Junk. */
export async function phishing(to: Target = target()): Promise<void> {
  const box = await roleBox('junk', to.account);
  const patch = () => ({ mailboxIds: { [box]: true }, 'keywords/$phishing': true, 'keywords/$junk': true, 'keywords/$notjunk': null });
  perform(to, { patch, told: 'mail.phishingDone' }, true);
}

/** Out of sight until a time; then the server puts it into the inbox again, unread. */
export async function snooze(at: Date, to: Target = target()): Promise<void> {
  const box = await roleBox('snoozed', to.account);
  const from = source(to.account);
  const snoozedUntil = `${at.toISOString().slice(0, 19)}Z`;
  const patch = (email: Filed): Patch | null => {
    if (box in email.mailboxIds) return { snoozedUntil };
    return from && from in email.mailboxIds ? { [`mailboxIds/${from}`]: null, [`mailboxIds/${box}`]: true, snoozedUntil } : null;
  };
  perform(to, { patch, told: 'mail.snoozedDone', holes: { date: longDate(snoozedUntil) } }, from !== box);
}

export function move(mailbox: Mailbox, to: Target = target()): void {
  const from = source(to.account);
  const patch = (email: Filed): Patch | null => {
    if (view.place?.kind === 'mailbox' && !(from && from in email.mailboxIds)) return null;
    if (mailbox.id in email.mailboxIds && (!from || from === mailbox.id)) return null;
    return { ...(from && from in email.mailboxIds ? { [`mailboxIds/${from}`]: null } : {}), [`mailboxIds/${mailbox.id}`]: true };
  };
  perform(to, { patch, told: 'mail.moved', holes: { name: mailboxName(mailbox) } }, true);
}

/** A mailbox's name: roles have theirs in the language in use. */
export function mailboxName(mailbox: Mailbox): string {
  const names: Record<string, MessageKey> = { inbox: 'mail.inbox', drafts: 'mail.drafts', sent: 'mail.sent', archive: 'mail.archiveBox', junk: 'mail.junk', trash: 'mail.trash', snoozed: 'mail.snoozed' };
  const key = mailbox.role ? names[mailbox.role] : undefined;
  return key ? t(key) : mailbox.name;
}

export function star(to: Target = target()): void {
  if (to.everything) return perform(to, { patch: (email) => (email.keywords.$flagged ? null : { 'keywords/$flagged': true }), told: 'mail.starredAll' }, false);
  const emails = messagesOf(to);
  const on = !emails.some((email) => email.keywords.$flagged);
  const newest = new Set(to.emailIds.length > 1 && view.thread && !view.chosen.size ? to.emailIds.slice(-1) : to.emailIds);
  patchEach(to, emails, (email) => (on ? (newest.has(email.id) ? { 'keywords/$flagged': true } : null) : email.keywords.$flagged ? { 'keywords/$flagged': null } : null));
}

export function starOne(account: string, email: Email): void {
  outbox.update(EmailType, account, { [email.id]: { 'keywords/$flagged': email.keywords.$flagged ? null : true } });
}

/** Marks read or unread; without `read`, whichever changes something. */
export function markRead(read?: boolean, to: Target = target()): void {
  const emails = messagesOf(to);
  const seen = read ?? emails.some((email) => !email.keywords.$seen);
  if (to.everything) return perform(to, { patch: (email) => (!!email.keywords.$seen === seen ? null : { 'keywords/$seen': seen || null }), told: seen ? 'mail.markedRead' : 'mail.markedUnread' }, false);
  const newest = new Set(to.emailIds);
  const action = patchEach(to, emails, (email) => {
    if (seen) return email.keywords.$seen ? null : { 'keywords/$seen': true };
    return newest.has(email.id) && email.keywords.$seen ? { 'keywords/$seen': null } : null;
  });
  if (action && view.chosen.size) report(seen ? 'mail.markedRead' : 'mail.markedUnread', emails, action);
}

/** Opening a conversation reads it; that is not an action to undo. */
export function seen(account: string, emails: Email[]): void {
  const unread = emails.filter((email) => !email.keywords.$seen);
  if (unread.length) patchEach({ account, emailIds: [] }, unread, () => ({ 'keywords/$seen': true }), { undoable: false });
}

/** Puts a label on, or takes it off when all have it. */
export function label(keyword: string, to: Target = target()): void {
  const on = !messagesOf(to).every((email) => email.keywords[keyword]);
  const patch = (email: Filed) => (!!email.keywords[keyword] === on ? null : { [`keywords/${escapeName(keyword)}`]: on || null });
  perform(to, { patch, told: on ? 'mail.labelled' : 'mail.unlabelled', holes: { name: labelName(keyword) } }, false);
}
