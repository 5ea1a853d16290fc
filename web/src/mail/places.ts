/** The places of mail as the list of folders shows them: names, icons, numbers. */
import type { AnyComponent } from '../kernel/commands.svelte';
import { t } from '../kernel/i18n.svelte';
import { store } from '../kernel/store.svelte';
import { Archive, Clock, FilePen, Folder, Inbox, Inboxes, Send, ShieldAlert, Star, Tag, Trash } from '../ui/icons';
import { mailboxName } from './actions';
import { labelName, type Place } from './model';
import { MailboxType, type Mailbox } from './types';
import { view } from './view.svelte';

const ICONS: Record<string, AnyComponent> = { inbox: Inbox, drafts: FilePen, sent: Send, archive: Archive, junk: ShieldAlert, trash: Trash, snoozed: Clock };

export function iconOf(mailbox: Mailbox): AnyComponent {
  return (mailbox.role && ICONS[mailbox.role]) || Folder;
}

/** What counts in a mailbox: what waits in some, nothing where nothing is to be done, what is unread in others. */
export function countOf({ role, totalEmails, unreadEmails }: Mailbox): number {
  if (role === 'drafts' || role === 'snoozed') return totalEmails;
  return role === 'trash' || role === 'sent' || role === 'archive' ? 0 : unreadEmails;
}

/** Whether the number of a mailbox is of messages that nobody has read. */
export function callsOut(mailbox: Mailbox): boolean {
  return countOf(mailbox) > 0 && mailbox.role !== 'drafts' && mailbox.role !== 'snoozed';
}

export function isHere(place: Place): boolean {
  const now = view.place;
  if (now?.kind !== place.kind) return false;
  return place.kind === 'inboxes' || (now.account === place.account && (place.kind === 'starred' || now.id === place.id));
}

/** A place's name and icon. Reactive. */
export function lookOf(place: Place): { name: string; icon: AnyComponent; mailbox?: Mailbox } {
  if (place.kind === 'inboxes') return { name: t('mail.inboxes'), icon: Inboxes };
  if (place.kind === 'starred') return { name: t('mail.starred'), icon: Star };
  if (place.kind === 'label') return { name: labelName(place.id), icon: Tag };
  const mailbox = store.peek(MailboxType, place.account, place.id);
  return mailbox ? { name: mailboxName(mailbox), icon: iconOf(mailbox), mailbox } : { name: '', icon: Folder };
}
