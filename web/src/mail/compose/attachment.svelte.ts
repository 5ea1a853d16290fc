/** A file on its way into a message: in the message itself, or among the writer's files with a link to it. */
import { bringFile } from '../../kernel/features';
import { jmap, MAIL, type Arguments } from '../../kernel/jmap';

export type FileStatus = 'uploading' | 'ready' | 'failed';

/** The link to a file of the writer's (`urn:parvis:mail`). */
export interface Linked {
  id: string;
  url: string;
  expires: string;
  /** It asks for a password, which the message does not tell. */
  locked: boolean;
}

export interface KeptAttachment {
  blobId: string;
  name: string;
  type: string;
  size: number;
  cid: string | null;
  link?: Linked | null;
}

export class Attachment {
  status = $state<FileStatus>('uploading');
  /** From 0 to 1. */
  part = $state(0);
  blobId = $state('');
  /** It goes as a link. */
  asLink = $state(false);
  link = $state.raw<Linked | null>(null);
  private stop = new AbortController();

  constructor(
    readonly name: string,
    readonly type: string,
    readonly size: number,
    readonly file: File | null,
    /** Content-ID of a picture in the text. */
    readonly cid: string | null = null,
  ) {}

  /** Brings it to where it goes; what goes wrong is in `status`. */
  async upload(account: string): Promise<void> {
    this.status = 'uploading';
    this.stop = new AbortController();
    try {
      if (this.asLink) this.link ??= await this.linked(account);
      else if (this.file && !this.blobId) this.blobId = (await jmap.upload(account, this.file, this.told, this.stop.signal)).blobId;
      this.status = 'ready';
    } catch {
      this.status = 'failed';
    }
  }

  private readonly told = (part: number) => (this.part = part);

  private async linked(account: string): Promise<Linked> {
    const { signal } = this.stop;
    const there = this.blobId || !this.file ? { accountId: account, blobId: this.blobId } : await bringFile.open({ file: this.file, told: this.told, signal });
    const made = await jmap.call<{ linkId: string; url: string; expires: string }>('Attachment/link', { ...there, name: this.name.replaceAll('/', '-'), type: this.type || 'application/octet-stream' });
    const link = { id: made.linkId, url: made.url, expires: made.expires, locked: false };
    if (signal.aborted) void unlink(account, [link]);
    return link;
  }

  /** It can go in the message itself: what is needed for that is here. */
  get whole(): boolean {
    return Boolean(this.blobId || this.file);
  }

  /** As a link instead, or in the message instead. */
  async turn(account: string): Promise<void> {
    if (this.link) void unlink(account, [this.link]);
    Object.assign(this, { asLink: !this.asLink, link: null, part: 0 });
    await this.upload(account);
  }

  /** Changes until when the link is good, and its password ('' takes it away; null leaves it). Rejects with JmapError. */
  async agree(account: string, expires: string, password: string | null): Promise<void> {
    if (!this.link) return;
    await jmap.call('Attachment/link', { accountId: account, linkId: this.link.id, expires, ...(password === null ? {} : { password }) });
    this.link = { ...this.link, expires, locked: password === null ? this.link.locked : password !== '' };
  }

  /** It is no longer wanted. */
  drop(account: string): void {
    this.stop.abort();
    if (this.link) void unlink(account, [this.link]);
  }

  keep(): KeptAttachment {
    const { blobId, name, type, size, cid, link } = this;
    return { blobId, name, type, size, cid, link };
  }

  /** A file that the server has already: forwarded, or of a reopened draft. */
  static kept({ blobId, name, type, size, cid, link = null }: KeptAttachment): Attachment {
    const made = new Attachment(name, type, size, null, cid);
    Object.assign(made, { blobId, link, asLink: link !== null, status: 'ready' });
    return made;
  }
}

/** Ends links; their files go into the writer's trash. What fails ends by itself in time. */
export async function unlink(accountId: string, links: Linked[]): Promise<void> {
  if (links.length) await jmap.call('Attachment/unlink', { accountId, linkIds: links.map(({ id }) => id) }).catch(() => undefined);
}

/** What the server says of an account: null is without links. */
function said(account: string): { above: number | null; most: number } {
  const told = jmap.session?.accounts[account]?.accountCapabilities ?? {};
  const above = told['urn:parvis:mail']?.linkAbove;
  const most = told[MAIL]?.maxSizeAttachmentsPerEmail;
  return { above: typeof above === 'number' && bringFile.provided ? above : null, most: typeof most === 'number' ? most : Infinity };
}

export function mayLink(account: string): boolean {
  return said(account).above !== null;
}

/** Whether the message has room for so many bytes more. */
export function fits(size: number, others: Attachment[], account: string): boolean {
  const carried = others.filter(({ asLink, status }) => !asLink && status !== 'failed').reduce((sum, one) => sum + one.size, 0);
  return carried + size <= said(account).most;
}

/** Decides how a file goes, given those that are there: as a link when it is large or would be too much for the
 * message. False: it is too much, and there are no links. */
export function place(file: Attachment, others: Attachment[], account: string): boolean {
  const { above } = said(account);
  const room = fits(file.size, others, account);
  file.asLink = above !== null && (file.size >= above || !room);
  return file.asLink || room;
}

/** What the links of a message are for, as the writer's receipts will call it. */
export function told(accountId: string, links: Linked[], subject: string, recipients: string[]): Arguments[] {
  return links.map(({ id }) => ({ accountId, linkId: id, subject: subject.slice(0, 500), recipients: recipients.join(', ').slice(0, 1_000) }));
}

/** A day, as an input has it, as the moment it ends. */
export function endOf(day: string): string {
  return `${new Date(`${day}T23:59:59`).toISOString().slice(0, 19)}Z`;
}

