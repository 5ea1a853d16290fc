/** The messages being written now: opened, kept on the device at every pause, saved, sent, taken back. */
import { db } from '../../kernel/db';
import type { ComposeRequest } from '../../kernel/features';
import { longDate } from '../../kernel/format';
import { escapeHtml } from '../../kernel/html';
import { t } from '../../kernel/i18n.svelte';
import { jmap, JmapError } from '../../kernel/jmap';
import { notices } from '../../kernel/notices.svelte';
import { preferences } from '../../kernel/preferences.svelte';
import { reasonOf } from '../../kernel/reasons';
import { store } from '../../kernel/store.svelte';
import { displayName } from '../model';
import { EmailBodyType, EmailType, IdentityType, MailboxType, type Email, type EmailBody, type Identity } from '../types';
import { takeBack } from '../submission';
import { view } from '../view.svelte';
import { destroyDraft, saveDraft, submit } from './deliver';
import { PREFIX } from './writing.svelte';
import { Attachment, unlink } from './attachment.svelte';
import { Draft, type KeptDraft } from './draft.svelte';
import { takeLinks } from './links';
import { cleanHtml, forwardSubject, identityFor, quotable, replyRecipients, replySubject, signatureHtml, textToHtml, threading } from './quote';

const MOST = 3;
const SAVE_MS = 3_000;
/** A discarded draft can be had back while its note is shown; its links end after that. */
const UNDO_MS = 10_000;

class Composers {
  list = $state.raw<Draft[]>([]);
  private timers = new Map<string, ReturnType<typeof setTimeout>>();
  private started = false;

  /** Brings back what was being written, and sends what waited for the network. */
  async begin(): Promise<void> {
    if (this.started) return;
    this.started = true;
    const kept = await db.all<KeptDraft>('meta', PREFIX);
    this.list = [...kept.map((one) => Object.assign(Draft.from(one), { minimised: !one.waiting })), ...this.list];
    window.addEventListener('online', () => this.flush());
    window.addEventListener('beforeunload', (event) => {
      if (this.list.some(({ files }) => files.some(({ status }) => status === 'uploading'))) event.preventDefault(); // it would be cut
    });
    this.flush();
  }

  async open(request: ComposeRequest): Promise<void> {
    await this.begin();
    const draft = await this.made(request);
    const same = draft.emailId && this.list.find((one) => one.emailId === draft.emailId);
    if (same) {
      same.minimised = false;
      return;
    }
    for (const one of this.list.slice(0, Math.max(0, this.list.length - MOST + 1))) one.minimised = true;
    this.list = [...this.list, draft];
  }

  /** Called at each change: on the device at once, in the Drafts mailbox after a pause. */
  changed(draft: Draft): void {
    draft.touched = true;
    void this.keep(draft);
    clearTimeout(this.timers.get(draft.key));
    this.timers.set(draft.key, setTimeout(() => void this.save(draft), SAVE_MS));
  }

  /** Writes it as somebody else, perhaps from another account: what is kept goes there with it. Rejects with JmapError. */
  async writeAs(draft: Draft, accountId: string, identityId: string): Promise<void> {
    if (accountId !== draft.accountId) {
      clearTimeout(this.timers.get(draft.key));
      const blobIds = draft.files.map((file) => file.blobId).filter(Boolean);
      const copied = blobIds.length ? await copies(draft.accountId, accountId, blobIds) : {};
      await destroyDraft(draft).catch(() => undefined);
      for (const file of draft.files) file.blobId = copied[file.blobId] ?? file.blobId;
      Object.assign(draft, { accountId, emailId: null });
    }
    draft.identityId = identityId;
    this.changed(draft);
  }

  async save(draft: Draft): Promise<void> {
    clearTimeout(this.timers.get(draft.key));
    if (draft.sending || draft.empty || !this.list.includes(draft)) return;
    draft.saved = 'saving';
    try {
      await saveDraft(draft);
      draft.saved = 'server';
    } catch {
      draft.saved = 'device';
    }
    await this.keep(draft);
  }

  async close(draft: Draft): Promise<void> {
    await this.save(draft);
    this.forget(draft, draft.saved !== 'device');
  }

  async discard(draft: Draft): Promise<void> {
    this.forget(draft);
    const kept = draft.keep();
    await destroyDraft(draft).catch(() => undefined);
    const links = draft.files.flatMap(({ link }) => link ?? []);
    const ending = setTimeout(() => void unlink(kept.accountId, links), draft.empty ? 0 : UNDO_MS);
    const back = () => {
      clearTimeout(ending);
      const again = Draft.from({ ...kept, emailId: null });
      this.list = [...this.list, again];
      this.changed(again);
    };
    if (!draft.empty) notices.show(t('compose.discarded'), { action: { label: t('ui.undo'), run: back } });
  }

  /** Sends, shows how to take it back. Without a network it waits on this device. */
  async send(draft: Draft): Promise<void> {
    clearTimeout(this.timers.get(draft.key));
    draft.sending = true;
    try {
      const submissionId = await submit(draft);
      this.forget(draft);
      this.offerUndo(draft, submissionId);
    } catch (error) {
      const passing = !(error instanceof JmapError) || error.passing;
      draft.waiting = passing;
      await this.keep(draft);
      if (passing) draft.minimised = true;
      notices.show(passing ? t('compose.queued') : t('compose.failed', { reason: reasonOf(error) }), { tone: passing ? 'plain' : 'danger' });
    } finally {
      draft.sending = false;
    }
  }

  private offerUndo(draft: Draft, submissionId: string): void {
    const seconds = preferences.value.undoSeconds;
    const undo = async () => {
      if (!(await takeBack(draft.accountId, submissionId, draft.emailId!).catch(() => false))) return void notices.show(t('compose.tooLate'), { tone: 'danger' });
      draft.minimised = false;
      this.list = [...this.list, draft];
      void this.keep(draft);
      notices.show(t('compose.undone'));
    };
    notices.show(draft.sendAt ? t('compose.scheduled', { date: longDate(draft.sendAt) }) : t('compose.sent'), {
      stay: Math.max(4, seconds) * 1_000,
      ...(seconds || draft.sendAt ? { action: { label: t('ui.undo'), keys: 'Z', run: () => void undo() } } : {}),
    });
  }

  private flush(): void {
    if (!navigator.onLine) return;
    for (const draft of this.list.filter((one) => one.waiting)) {
      draft.waiting = false;
      void this.send(draft);
    }
  }

  private forget(draft: Draft, device = true): void {
    clearTimeout(this.timers.get(draft.key));
    this.list = this.list.filter((one) => one !== draft);
    if (device) void db.write([{ store: 'meta', key: PREFIX + draft.key, value: undefined }]);
  }

  private keep(draft: Draft): Promise<void> {
    return db.write([{ store: 'meta', key: PREFIX + draft.key, value: $state.snapshot(draft.keep()) }]).catch(() => undefined);
  }

  private async made(request: ComposeRequest): Promise<Draft> {
    const draft = new Draft();
    const source = request.accountId ?? view.home;
    draft.accountId = view.writesFrom(source);
    draft.propose = request.propose ?? false;
    draft.templates = request.templates ?? false;
    if (!store.complete(IdentityType, draft.accountId)) await store.fetch(IdentityType, draft.accountId, null).catch(() => []);
    if (!store.complete(MailboxType, draft.accountId)) await store.fetch(MailboxType, draft.accountId, null).catch(() => []);
    const identity = await this.identity(draft.accountId, request, source);
    draft.identityId = identity?.id ?? '';
    if (request.emailId && request.mode !== 'new') await this.answer(draft, request, source, identity);
    else draft.html = (request.html ? cleanHtml(request.html) : textToHtml(request.text ?? '')) + signature(identity);
    draft.to = request.to ?? draft.to;
    draft.cc = request.cc ?? draft.cc;
    draft.subject = request.subject ?? draft.subject;
    return draft;
  }

  /** Who writes: whom an answered message was sent to, whoever began a draft, else the main identity. */
  private async identity(account: string, request: ComposeRequest, source: string): Promise<Identity | undefined> {
    const identities = view.identities(account);
    const email = request.emailId && identities.length > 1 ? await one(EmailType, source, request.emailId) : undefined;
    const own = request.mode === 'draft' || request.mode === 'again';
    return identityFor(identities, (own ? email?.from : [...(email?.to ?? []), ...(email?.cc ?? [])]) ?? []);
  }

  private async answer(draft: Draft, request: ComposeRequest, source: string, identity: Identity | undefined): Promise<void> {
    const id = request.emailId!;
    const [email, body] = await Promise.all([one(EmailType, source, id), one(EmailBodyType, source, id)]);
    if (!email || !body) return;
    if (request.mode === 'draft') return reopen(draft, email, ...withoutLinks(body));
    if (request.mode === 'again') {
      reopen(draft, email, body);
      Object.assign(draft, { emailId: null, inReplyTo: null, references: null, files: await files(body, source, draft.accountId) });
      return;
    }
    const forward = request.mode === 'forward';
    const begin = (request.html ? cleanHtml(request.html) : textToHtml(request.text ?? '')) + signature(identity);
    draft.html = `${begin}<p></p>${forward ? forwardHead(email) : `<p>${escapeHtml(t('compose.wrote', { date: longDate(email.receivedAt), name: email.from?.[0] ? displayName(email.from[0]) : '' }))}</p>`}<blockquote>${quotable(body)}</blockquote><p></p>`; // the editor wants a line behind a quote
    draft.subject = forward ? forwardSubject(email.subject) : replySubject(email.subject);
    draft.answers = { accountId: source, emailId: id, keyword: forward ? '$forwarded' : '$answered' };
    if (forward) draft.files = await files(body, source, draft.accountId);
    else {
      Object.assign(draft, threading(body));
      Object.assign(draft, replyRecipients(email, body, view.own, request.mode === 'replyAll'));
    }
  }
}

function signature(identity: Identity | undefined): string {
  const own = signatureHtml(identity);
  return own ? `<p></p><p></p>${own}` : '<p></p>';
}

function forwardHead(email: Email): string {
  const line = (label: string, value: string) => (value ? `${escapeHtml(t('compose.labelled', { label, value }))}<br>` : '');
  const people = (list: Email['to']) => (list ?? []).map((person) => `${displayName(person)} <${person.email}>`).join(', ');
  return `<p>${escapeHtml(t('compose.forwarded'))}<br>${line(t('compose.from'), people(email.from))}${line(t('compose.to'), people(email.to))}${line(t('mail.date'), longDate(email.sentAt ?? email.receivedAt))}${line(t('compose.subject'), email.subject ?? '')}</p>`;
}

/** The files of a message, brought into the account that is written from. RFC 8620 §6.3 */
async function files(body: EmailBody, fromAccountId: string, accountId: string): Promise<Attachment[]> {
  const blobIds = body.attachments.map((part) => part.blobId).filter((id) => id !== null);
  if (fromAccountId === accountId || !blobIds.length) return filesOf(body);
  return filesOf(body, await copies(fromAccountId, accountId, blobIds));
}

/** Blobs by what they are called in another account. RFC 8620 §6.3 */
async function copies(fromAccountId: string, accountId: string, blobIds: string[]): Promise<Record<string, string>> {
  return (await jmap.call<{ copied: Record<string, string> | null }>('Blob/copy', { fromAccountId, accountId, blobIds })).copied ?? {};
}

function filesOf(body: EmailBody, renamed: Record<string, string> = {}): Attachment[] {
  return body.attachments.filter((part) => part.blobId).map((part) => Attachment.kept({ blobId: renamed[part.blobId!] ?? part.blobId!, name: part.name ?? 'file', type: part.type, size: part.size, cid: part.disposition === 'inline' ? part.cid : null }));
}

/** A draft's words, and its links as the attachments that they are. */
function withoutLinks(body: EmailBody): [EmailBody, Attachment[]] {
  const files: Attachment[] = [];
  const values = Object.entries(body.bodyValues).map(([part, value]) => {
    const taken = takeLinks(value.value);
    files.push(...taken.files);
    return [part, { ...value, value: taken.html }] as const;
  });
  return [{ ...body, bodyValues: Object.fromEntries(values) }, files];
}

function reopen(draft: Draft, email: Email, body: EmailBody, linked: Attachment[] = []): void {
  draft.emailId = email.id;
  draft.to = email.to ?? [];
  draft.cc = email.cc ?? [];
  draft.bcc = body.bcc ?? [];
  draft.subject = email.subject ?? '';
  draft.html = quotable(body);
  draft.inReplyTo = body.inReplyTo;
  draft.references = body.references;
  draft.files = [...filesOf(body), ...linked];
}

async function one<T extends { id: string }>(type: Parameters<typeof store.fetch<T>>[0], account: string, id: string): Promise<T | undefined> {
  const held = store.peek(type, account, id);
  if (held) return held;
  await store.load(type, account, [id]);
  return store.peek(type, account, id);
}

export const composers = new Composers();
