/** What the keyboard and the palette can do with mail. */
import type { Command } from '../kernel/commands.svelte';
import { favourites } from '../kernel/favourites.svelte';
import { discuss, makeTask, openCompose } from '../kernel/features';
import { t } from '../kernel/i18n.svelte';
import { notices } from '../kernel/notices.svelte';
import { router } from '../kernel/router.svelte';
import { store } from '../kernel/store.svelte';
import { Archive, Bookmark, Clock, Code, CopyPlus, FilePen, FileStack, Folder, FolderInput, FolderPlus, Forward, Inbox, Inboxes, ListChecks, MailOpen, MessagesSquare, CircleCheck, Palette, Printer, Reply, ReplyAll, Send, ShieldAlert, ShieldX, SquarePen, Star, Tag, Trash, Unsubscribe } from '../ui/icons';
import { archive, junk, markRead, phishing, star, targets, trash } from './actions';
import { bringToRoom } from './discuss';
import { plainSubject } from './model';
import { EmailType, ThreadType } from './types';
import { ui } from './ui.svelte';
import { view } from './view.svelte';

const here = () => router.parts[0] === 'mail';
const some = () => here() && (view.chosen.size > 0 || view.thread !== null || !!view.query?.length);
const reading = () => here() && view.thread !== null;
const changing = () => some() && !view.readOnly();
const writing = () => some() && openCompose.provided;

/** J and K: the next conversation when one is open, else only the cursor. */
function step(by: number): void {
  const row = Math.max(0, Math.min((view.query?.length ?? 1) - 1, view.cursor + by));
  if (view.thread) view.openRow(row);
  else view.cursor = row;
}

/** The newest message of the conversation that keys act on, but for drafts. */
function newest(): { account: string; emailId: string | undefined } {
  const { account } = view;
  const thread = view.thread ?? view.emailAt(view.cursor)?.threadId;
  const ids = thread ? (store.peek(ThreadType, account, thread)?.emailIds ?? []) : [];
  return { account, emailId: ids.findLast((id) => !store.peek(EmailType, account, id)?.keywords.$draft) ?? ids.at(-1) };
}

function compose(mode: 'reply' | 'replyAll' | 'forward' | 'again'): void {
  const { account, emailId } = newest();
  if (emailId) void openCompose.open({ mode, accountId: account, emailId });
}

/** Makes a task of the message, which leads back to it. */
function task(): void {
  const { account, emailId } = newest();
  const email = emailId ? store.peek(EmailType, account, emailId) : undefined;
  if (email) void makeTask.open({ title: plainSubject(email.subject) || t('mail.noSubject'), source: { accountId: account, kind: 'Email', id: email.id } });
}

/** Brings the message into a room. */
function talk(): void {
  const { account, emailId } = newest();
  const email = emailId ? store.peek(EmailType, account, emailId) : undefined;
  if (email) bringToRoom(account, email);
}

/** Who writes a new message: the account that is looked at. */
function writer(): string {
  return here() ? view.account : view.home;
}

/** Puts the open place among the favourites, or takes it out. */
function keep(): void {
  const on = favourites.toggle(view.url(view.place!));
  notices.show(t(on ? 'mail.favouriteAdded' : 'mail.favouriteRemoved'), { stay: 2_500 });
}

function close(): void {
  if (view.chosen.size) view.choose([]);
  else view.closeThread();
}

export const mailCommands: Command[] = [
  { id: 'mail.compose', title: 'mail.compose', keys: ['C'], icon: SquarePen, group: 'mail.title', when: () => openCompose.provided, run: () => openCompose.open({ mode: 'new', accountId: writer() }) },
  { id: 'mail.template', title: 'mail.template', keys: ['Shift+C'], icon: FileStack, group: 'mail.title', when: () => openCompose.provided, run: () => openCompose.open({ mode: 'new', accountId: writer(), templates: true }) },
  { id: 'mail.reply', title: 'mail.reply', keys: ['R'], icon: Reply, group: 'mail.title', when: writing, run: () => compose('reply') },
  { id: 'mail.replyAll', title: 'mail.replyAll', keys: ['A'], icon: ReplyAll, group: 'mail.title', when: writing, run: () => compose('replyAll') },
  { id: 'mail.forward', title: 'mail.forward', keys: ['F'], icon: Forward, group: 'mail.title', when: writing, run: () => compose('forward') },
  { id: 'mail.archive', title: 'mail.archive', keys: ['E'], icon: Archive, group: 'mail.title', when: changing, run: () => archive() },
  { id: 'mail.delete', title: 'mail.delete', keys: ['#', 'Delete'], icon: Trash, group: 'mail.title', when: changing, run: () => trash() },
  { id: 'mail.star', title: 'mail.star', keys: ['S'], icon: Star, group: 'mail.title', when: changing, run: () => star() },
  { id: 'mail.read', title: 'mail.toggleRead', keys: ['Shift+U'], icon: MailOpen, group: 'mail.title', when: changing, run: toggleRead },
  { id: 'mail.move', title: 'mail.move', keys: ['V'], icon: FolderInput, group: 'mail.title', when: changing, run: () => ui.pick('move') },
  { id: 'mail.label', title: 'mail.label', keys: ['L'], icon: Tag, group: 'mail.title', when: changing, run: () => ui.pick('label') },
  { id: 'mail.junk', title: 'mail.junkThis', keys: ['!'], icon: ShieldAlert, group: 'mail.title', when: changing, run: () => junk() },
  { id: 'mail.phishing', title: 'mail.phishing', keys: ['Shift+P'], icon: ShieldX, group: 'mail.title', when: changing, run: () => phishing() },
  { id: 'mail.snooze', title: 'mail.snooze', keys: ['H'], icon: Clock, group: 'mail.title', when: changing, run: () => ui.pick('snooze') },
  { id: 'mail.again', title: 'mail.again', keys: ['Shift+E'], icon: CopyPlus, group: 'mail.title', when: writing, run: () => compose('again') },
  { id: 'mail.unsubscribe', title: 'mail.unsubscribe', keys: ['Shift+N'], icon: Unsubscribe, group: 'mail.title', when: () => reading() && !view.readOnly(), run: () => (ui.leaving = newest().emailId ?? null) },
  { id: 'mail.task', title: 'mail.task', keys: ['T'], icon: CircleCheck, group: 'mail.title', when: () => some() && makeTask.provided, run: task },
  { id: 'mail.discuss', title: 'mail.discuss', keys: ['D'], icon: MessagesSquare, group: 'mail.title', when: () => reading() && discuss.provided, run: talk },
  { id: 'mail.source', title: 'mail.source', keys: ['Shift+O'], icon: Code, group: 'mail.title', when: reading, run: () => (ui.original = newest().emailId ?? null) },
  { id: 'mail.labelColour', title: 'mail.labelColour', keys: ['Shift+L'], icon: Palette, group: 'mail.title', when: () => here() && view.place?.kind === 'label', run: () => (ui.label = view.place?.id ?? null) },
  { id: 'mail.favourite', title: 'mail.favourite', keys: ['Shift+F'], icon: Bookmark, group: 'mail.title', when: () => here() && view.place !== null, run: keep },
  { id: 'mail.print', title: 'mail.print', keys: ['P'], icon: Printer, group: 'mail.title', when: reading, run: () => window.print() },
  { id: 'mail.newFolder', title: 'mail.newFolder', icon: FolderPlus, group: 'mail.title', when: here, run: () => (ui.folder = { kind: 'create', account: view.home, parentId: null }) },
  { id: 'mail.next', title: 'mail.next', keys: ['J'], group: 'mail.list', quiet: true, when: here, run: () => step(1) },
  { id: 'mail.previous', title: 'mail.previous', keys: ['K'], group: 'mail.list', quiet: true, when: here, run: () => step(-1) },
  { id: 'mail.open', title: 'mail.open', keys: ['O'], group: 'mail.list', quiet: true, when: some, run: () => view.openRow(view.cursor) },
  { id: 'mail.enter', title: 'mail.open', keys: ['Enter'], group: 'mail.list', quiet: true, when: () => some() && !onControl(), run: () => view.openRow(view.cursor) },
  { id: 'mail.back', title: 'mail.back', keys: ['U', 'Escape'], group: 'mail.list', quiet: true, when: () => here() && (view.thread !== null || view.chosen.size > 0), run: close },
  { id: 'mail.choose', title: 'mail.choose', keys: ['X'], group: 'mail.list', quiet: true, when: some, run: () => view.toggle(view.cursor) },
  { id: 'mail.extendDown', title: 'mail.extendDown', keys: ['Shift+J'], group: 'mail.list', quiet: true, when: some, run: () => view.extend(view.cursor + 1) },
  { id: 'mail.extendUp', title: 'mail.extendUp', keys: ['Shift+K'], group: 'mail.list', quiet: true, when: some, run: () => view.extend(view.cursor - 1) },
  { id: 'mail.chooseAll', title: 'mail.chooseAll', keys: ['Ctrl+A'], group: 'mail.list', quiet: true, when: () => here() && !view.thread, run: () => view.chooseAll() },
  { id: 'mail.chooseEverything', title: 'mail.chooseEverything', keys: ['Ctrl+Shift+A'], group: 'mail.list', icon: ListChecks, when: () => here() && !view.thread, run: () => view.chooseAll(true) },
  { id: 'go.mail', title: 'mail.goInbox', keys: ['G M', 'G I'], icon: Inbox, group: 'shell.go', run: () => router.go('/mail/inbox') },
  { id: 'go.inboxes', title: 'mail.goInboxes', keys: ['G U'], icon: Inboxes, group: 'shell.go', when: () => view.together !== null, run: () => router.go('/mail/inboxes') },
  { id: 'go.starred', title: 'mail.goStarred', keys: ['G S'], icon: Star, group: 'shell.go', run: () => router.go('/mail/starred') },
  { id: 'go.snoozed', title: 'mail.goSnoozed', keys: ['G H'], icon: Clock, group: 'shell.go', when: () => !!view.role('snoozed', view.home), run: () => router.go('/mail/snoozed') },
  { id: 'go.sent', title: 'mail.goSent', keys: ['G T'], icon: Send, group: 'shell.go', run: () => router.go('/mail/sent') },
  { id: 'go.drafts', title: 'mail.goDrafts', keys: ['G B'], icon: FilePen, group: 'shell.go', run: () => router.go('/mail/drafts') },
  { id: 'go.archive', title: 'mail.goArchive', keys: ['G E'], icon: Folder, group: 'shell.go', run: () => router.go('/mail/archive') },
];

function toggleRead(): void {
  const reads = view.thread !== null && !view.chosen.size;
  if (!reads) markRead();
  else {
    markRead(false, targets().map((to) => ({ ...to, emailIds: to.emailIds.slice(-1) })));
    view.closeThread();
  }
}

/** Enter on a focused button or link is that control's. */
function onControl(): boolean {
  return !!document.activeElement?.closest('button, a, summary');
}

