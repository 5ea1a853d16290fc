/** One message that is being written: its fields, its files, where it is kept. */
import { jmap, type Uploaded } from '../../kernel/jmap';
import type { Address } from '../types';

export type FileStatus = 'uploading' | 'ready' | 'failed';

/** A file on its way into the message. */
export class Attachment {
  status = $state<FileStatus>('uploading');
  /** From 0 to 1. */
  part = $state(0);
  blobId = $state('');

  constructor(
    readonly name: string,
    readonly type: string,
    readonly size: number,
    readonly file: Blob | null,
    /** Content-ID of a picture in the text. */
    readonly cid: string | null = null,
  ) {}

  /** Uploads the file; what goes wrong is in `status`. */
  async upload(account: string): Promise<void> {
    if (!this.file) return;
    this.status = 'uploading';
    try {
      const kept: Uploaded = await jmap.upload(account, this.file, (part) => (this.part = part));
      this.blobId = kept.blobId;
      this.status = 'ready';
    } catch {
      this.status = 'failed';
    }
  }

  /** A file that the server has already: forwarded, or of a reopened draft. */
  static kept(blobId: string, name: string, type: string, size: number, cid: string | null = null): Attachment {
    const made = new Attachment(name, type, size, null, cid);
    made.blobId = blobId;
    made.status = 'ready';
    return made;
  }
}

export interface KeptDraft {
  key: string;
  accountId: string;
  identityId: string;
  to: Address[];
  cc: Address[];
  bcc: Address[];
  subject: string;
  html: string;
  files: { blobId: string; name: string; type: string; size: number; cid: string | null }[];
  inReplyTo: string[] | null;
  references: string[] | null;
  answers: { accountId: string; emailId: string; keyword: '$answered' | '$forwarded' } | null;
  emailId: string | null;
  turnIds: string[];
  /** Press of Send while offline. */
  waiting: boolean;
  /** When it is to leave; null for at once. */
  sendAt: string | null;
}

let next = 1;

export class Draft {
  key = `${Date.now().toString(36)}-${next++}`;
  accountId = $state('');
  identityId = $state('');
  to = $state.raw<Address[]>([]);
  cc = $state.raw<Address[]>([]);
  bcc = $state.raw<Address[]>([]);
  subject = $state('');
  html = $state('');
  text = $state('');
  files = $state.raw<Attachment[]>([]);
  inReplyTo: string[] | null = null;
  references: string[] | null = null;
  answers: KeptDraft['answers'] = null;
  /** The draft in the Drafts mailbox. */
  emailId = $state<string | null>(null);
  turnIds = $state.raw<string[]>([]);
  waiting = $state(false);
  sendAt: string | null = null;
  minimised = $state(false);
  large = $state(false);
  sending = $state(false);
  /** The assistant's proposal is asked for as soon as the window is open. */
  propose = false;
  /** The templates are offered as soon as the window is open. */
  templates = false;
  /** The writer has changed something; what a window begins with (recipients, signature, quote) does not count. */
  touched = false;
  saved = $state<'no' | 'saving' | 'server' | 'device'>('no');

  get about(): { accountId: string; kind: string; id: string }[] {
    return this.answers ? [{ accountId: this.answers.accountId, kind: 'Email', id: this.answers.emailId }] : [];
  }

  get everyone(): Address[] {
    return [...this.to, ...this.cc, ...this.bcc];
  }

  /** Nothing in it is the writer's: it can be thrown away without asking. */
  get empty(): boolean {
    return !this.touched || (!this.everyone.length && !this.subject.trim() && !this.text.trim() && !this.files.length);
  }

  /** What is kept on the device. */
  keep(): KeptDraft {
    const { key, accountId, identityId, to, cc, bcc, subject, html, inReplyTo, references, answers, emailId, turnIds, waiting, sendAt } = this;
    const files = this.files.filter((file) => file.status === 'ready').map(({ blobId, name, type, size, cid }) => ({ blobId, name, type, size, cid }));
    return { key, accountId, identityId, to, cc, bcc, subject, html, files, inReplyTo, references, answers, emailId, turnIds: [...turnIds], waiting, sendAt };
  }

  static from(kept: KeptDraft): Draft {
    const draft = new Draft();
    const { files, ...fields } = kept;
    Object.assign(draft, fields, { touched: true });
    draft.files = files.map(({ blobId, name, type, size, cid }) => Attachment.kept(blobId, name, type, size, cid));
    return draft;
  }
}
