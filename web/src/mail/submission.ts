/** What was sent and can still be taken back. RFC 8621 §7 */
import { jmap } from '../kernel/jmap';
import { store } from '../kernel/store.svelte';
import { MailboxType } from './types';

interface SetAnswer {
  notUpdated: Record<string, unknown> | null;
}

/** Takes a message back and puts it among the drafts again; false when it had left. Rejects with JmapError. */
export async function takeBack(accountId: string, submissionId: string, emailId: string): Promise<boolean> {
  const answer = await jmap.call<SetAnswer>('EmailSubmission/set', { accountId, update: { [submissionId]: { undoStatus: 'canceled' } } });
  if (answer.notUpdated?.[submissionId]) return false;
  const role = (name: string) => store.list(MailboxType, accountId).find((mailbox) => mailbox.role === name)!.id;
  await jmap.call('Email/set', { accountId, update: { [emailId]: { [`mailboxIds/${role('sent')}`]: null, [`mailboxIds/${role('drafts')}`]: true, 'keywords/$draft': true } } });
  return true;
}

/** The submission of a message that waits for its time, if one does. */
export async function waitingFor(accountId: string, emailId: string): Promise<string | undefined> {
  const { ids } = await jmap.call<{ ids: string[] }>('EmailSubmission/query', { accountId, filter: { emailIds: [emailId], undoStatus: 'pending' } });
  return ids[0];
}
