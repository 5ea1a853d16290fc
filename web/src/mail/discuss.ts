/** Brings a message into a room of the chat. */
import { discuss } from '../kernel/features';
import { t } from '../kernel/i18n.svelte';
import { displayName } from './model';
import type { Email } from './types';

const LONGEST = 1_200;

/** What is marked on the page goes with it, else its beginning. */
export function bringToRoom(accountId: string, email: Email): void {
  const marked = getSelection()?.toString().trim();
  const name = `${(email.subject ?? '').replace(/[^\p{L}\p{N} -]/gu, '').trim().slice(0, 80) || 'message'}.eml`;
  void discuss.open({
    kind: 'Email',
    accountId,
    id: email.id,
    title: email.subject?.trim() || t('mail.noSubject'),
    author: email.from?.[0] ? displayName(email.from[0]) : '',
    at: email.sentAt ?? email.receivedAt,
    excerpt: (marked || email.preview).slice(0, LONGEST),
    file: { accountId, blobId: email.blobId, name, type: 'message/rfc822', size: email.size },
  });
}
