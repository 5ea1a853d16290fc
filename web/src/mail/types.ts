/** The kinds of records mail works with (RFC 8621), and which of their properties are fetched when. */
import { MAIL, SUBMISSION, type Arguments } from '../kernel/jmap';
import { defineType } from '../kernel/store.svelte';

export interface Address {
  name?: string | null;
  email: string;
}

export interface Rights {
  mayReadItems: boolean;
  mayAddItems: boolean;
  mayRemoveItems: boolean;
  maySetSeen: boolean;
  maySetKeywords: boolean;
  mayCreateChild: boolean;
  mayRename: boolean;
  mayDelete: boolean;
  maySubmit: boolean;
}

/** RFC 8621 §2. */
export interface Mailbox {
  id: string;
  name: string;
  parentId: string | null;
  role: string | null;
  sortOrder: number;
  totalEmails: number;
  unreadEmails: number;
  totalThreads: number;
  unreadThreads: number;
  myRights: Rights;
  isSubscribed: boolean;
}

/** RFC 8621 §3. */
export interface Thread {
  id: string;
  emailIds: string[];
}

/** RFC 8621 §4, the part that lists need. */
export interface Email {
  id: string;
  blobId: string;
  threadId: string;
  mailboxIds: Record<string, true>;
  keywords: Record<string, true>;
  size: number;
  receivedAt: string;
  sentAt: string | null;
  from: Address[] | null;
  to: Address[] | null;
  cc: Address[] | null;
  subject: string | null;
  preview: string;
  hasAttachment: boolean;
  /** When it comes back to the inbox, while it is snoozed (`urn:parvis:mail`). */
  snoozedUntil?: string | null;
}

export interface BodyPart {
  partId: string | null;
  blobId: string | null;
  size: number;
  name: string | null;
  type: string;
  charset?: string | null;
  disposition: string | null;
  cid: string | null;
}

/** RFC 8621 §4, the part that reading needs; it never changes. */
export interface EmailBody {
  id: string;
  bcc: Address[] | null;
  replyTo: Address[] | null;
  messageId: string[] | null;
  inReplyTo: string[] | null;
  references: string[] | null;
  textBody: BodyPart[];
  htmlBody: BodyPart[];
  attachments: BodyPart[];
  bodyValues: Record<string, { value: string; isTruncated: boolean; isEncodingProblem: boolean }>;
  /** How far a model wrote it, when its sender says so. */
  'header:AI-Content:asText'?: string | null;
  /** What servers found out about who sent it. RFC 8601 */
  'header:Authentication-Results:asText:all'?: string[];
  /** How its list is left. RFC 2369 §3.2 */
  'header:List-Unsubscribe:asURLs'?: string[] | null;
}

/** RFC 8621 §6. */
export interface Identity {
  id: string;
  name: string;
  email: string;
  replyTo: Address[] | null;
  bcc: Address[] | null;
  textSignature: string;
  htmlSignature: string;
  mayDelete: boolean;
}

const BODY: Arguments = {
  fetchTextBodyValues: true,
  fetchHTMLBodyValues: true,
  maxBodyValueBytes: 1_000_000,
  bodyProperties: ['partId', 'blobId', 'size', 'name', 'type', 'charset', 'disposition', 'cid'],
};

export const MailboxType = defineType<Mailbox>({ name: 'Mailbox', whole: true, capability: MAIL });
export const IdentityType = defineType<Identity>({ name: 'Identity', whole: true, capability: SUBMISSION });
export const ThreadType = defineType<Thread>({ name: 'Thread', capability: MAIL });
export const EmailType = defineType<Email>({
  name: 'Email',
  capability: MAIL,
  properties: ['id', 'blobId', 'threadId', 'mailboxIds', 'keywords', 'size', 'receivedAt', 'sentAt', 'from', 'to', 'cc', 'subject', 'preview', 'hasAttachment', 'snoozedUntil'],
  mutable: ['mailboxIds', 'keywords', 'snoozedUntil'],
});
export const EmailBodyType = defineType<EmailBody>({
  name: 'EmailBody',
  jmap: 'Email',
  capability: MAIL,
  properties: ['id', 'bcc', 'replyTo', 'messageId', 'inReplyTo', 'references', 'textBody', 'htmlBody', 'attachments', 'bodyValues', 'header:AI-Content:asText', 'header:Authentication-Results:asText:all', 'header:List-Unsubscribe:asURLs'],
  args: BODY,
  mutable: [],
});
