/** One message that is being written: its fields, its files, where it is kept. */
import type { Address } from '../types';
import { Attachment, type KeptAttachment } from './attachment.svelte';

export interface KeptDraft {
  key: string;
  accountId: string;
  identityId: string;
  to: Address[];
  cc: Address[];
  bcc: Address[];
  subject: string;
  html: string;
  files: KeptAttachment[];
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
    const files = this.files.filter((file) => file.status === 'ready').map((file) => file.keep());
    return { key, accountId, identityId, to, cc, bcc, subject, html, files, inReplyTo, references, answers, emailId, turnIds: [...turnIds], waiting, sendAt };
  }

  static from(kept: KeptDraft): Draft {
    const draft = new Draft();
    const { files, ...fields } = kept;
    Object.assign(draft, fields, { touched: true });
    draft.files = files.map(Attachment.kept);
    return draft;
  }
}
