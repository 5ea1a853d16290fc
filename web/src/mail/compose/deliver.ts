/** From a draft to the server: kept in Drafts, sent with time to take it back. RFC 8621 §4.6, §7 */
import { markText } from '../../kernel/features';
import { jmap, JmapError, type Arguments } from '../../kernel/jmap';
import { preferences } from '../../kernel/preferences.svelte';
import { store } from '../../kernel/store.svelte';
import { IdentityType, MailboxType, type Mailbox } from '../types';
import { told } from './attachment.svelte';
import type { Draft } from './draft.svelte';
import { withLinkLines, withLinks } from './links';

interface SetAnswer {
  created: Record<string, { id: string }> | null;
  updated: Record<string, unknown> | null;
  notCreated: Record<string, { type: string; description?: string }> | null;
  notUpdated: Record<string, { type: string; description?: string }> | null;
}

/** The message as Email/set creates it. */
export function emailOf(draft: Draft, mailboxId: string, mark = ''): Arguments {
  const identity = store.peek(IdentityType, draft.accountId, draft.identityId);
  const inside = draft.files.filter((file) => file.status === 'ready' && !file.link);
  return {
    mailboxIds: { [mailboxId]: true },
    keywords: { $draft: true, $seen: true },
    from: identity ? [{ name: identity.name || null, email: identity.email }] : null,
    ...(identity?.replyTo?.length ? { replyTo: identity.replyTo } : {}),
    to: draft.to,
    ...(draft.cc.length ? { cc: draft.cc } : {}),
    ...(draft.bcc.length ? { bcc: draft.bcc } : {}),
    subject: draft.subject,
    ...(draft.sendAt ? { sentAt: draft.sendAt } : {}),
    ...(draft.inReplyTo?.length ? { inReplyTo: draft.inReplyTo, references: draft.references } : {}),
    ...(mark ? { 'header:AI-Content:asRaw': ` ${mark}` } : {}),
    textBody: [{ partId: 'text', type: 'text/plain' }],
    htmlBody: [{ partId: 'html', type: 'text/html' }],
    bodyValues: { text: { value: withLinkLines(draft.text, draft.files) }, html: { value: withLinks(draft.html, draft.files) } },
    attachments: inside.map(({ blobId, name, type, cid }) => ({
      blobId, name, type: type || 'application/octet-stream', disposition: cid ? 'inline' : 'attachment', ...(cid ? { cid } : {}),
    })),
  };
}

function role(draft: Draft, name: string): Mailbox {
  const found = store.list(MailboxType, draft.accountId).find((mailbox) => mailbox.role === name);
  if (!found) throw new JmapError('invalidArguments', `no ${name} mailbox`);
  return found;
}

/** Keeps the draft in its mailbox, in place of the one kept before. Rejects with JmapError. */
export async function saveDraft(draft: Draft): Promise<void> {
  const before = draft.emailId;
  const answer = await jmap.call<SetAnswer>('Email/set', {
    accountId: draft.accountId,
    create: { draft: emailOf(draft, role(draft, 'drafts').id) },
    ...(before ? { destroy: [before] } : {}),
  });
  draft.emailId = made(answer, 'draft');
}

/** Removes the kept draft. */
export async function destroyDraft(draft: Draft): Promise<void> {
  if (draft.emailId) await jmap.call('Email/set', { accountId: draft.accountId, destroy: [draft.emailId] });
}

function made(answer: SetAnswer, id: string): string {
  const refused = answer.notCreated?.[id];
  if (refused) throw new JmapError(refused.type, refused.description ?? refused.type);
  return answer.created?.[id]?.id ?? '';
}

/** Sends after the time in which it can be taken back; returns the submission's id. Rejects with JmapError. */
export async function submit(draft: Draft): Promise<string> {
  const mark = draft.turnIds.length && markText.provided ? await markText.open({ text: draft.text, turnIds: [...draft.turnIds] }) : '';
  const drafts = role(draft, 'drafts');
  const sent = role(draft, 'sent');
  const identity = store.peek(IdentityType, draft.accountId, draft.identityId);
  const hold = holding(draft, preferences.value.undoSeconds);
  const batch = jmap.batch();
  const links = draft.files.flatMap(({ link }) => link ?? []);
  for (const one of told(draft.accountId, links, draft.subject, draft.everyone.map((person) => person.email))) batch.add('Attachment/link', one);
  const email = batch.add<SetAnswer>('Email/set', {
    accountId: draft.accountId,
    create: { draft: emailOf(draft, drafts.id, mark) },
    ...(draft.emailId ? { destroy: [draft.emailId] } : {}),
    ...(draft.answers?.accountId === draft.accountId ? { update: { [draft.answers.emailId]: { [`keywords/${draft.answers.keyword}`]: true } } } : {}),
  });
  const submission = batch.add<SetAnswer>('EmailSubmission/set', {
    accountId: draft.accountId,
    create: {
      send: {
        emailId: '#draft',
        identityId: draft.identityId,
        envelope: {
          mailFrom: { email: identity?.email ?? '', parameters: hold },
          rcptTo: draft.everyone.map(({ email: address }) => ({ email: address, parameters: null })),
        },
      },
    },
    onSuccessUpdateEmail: {
      '#send': { [`mailboxIds/${drafts.id}`]: null, [`mailboxIds/${sent.id}`]: true, 'keywords/$draft': null },
    },
  });
  await batch.send();
  draft.emailId = made(await email.answer, 'draft');
  return made(await submission.answer, 'send');
}

/** How long the server keeps the message (RFC 4865): until its time, else while it can be taken back. */
function holding({ sendAt }: Draft, seconds: number): Arguments | null {
  if (sendAt && Date.parse(sendAt) > Date.now()) return { HOLDUNTIL: sendAt };
  return seconds ? { HOLDFOR: String(seconds) } : null;
}
