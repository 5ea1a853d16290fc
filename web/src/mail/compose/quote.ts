/** What a reply or a forwarded message begins with: recipients, subject, quoted original, threading headers. */
import DOMPurify from 'dompurify';
import { escapeHtml } from '../../kernel/html';
import { plainSubject } from '../model';
import type { Address, Email, EmailBody, Identity } from '../types';
import { withoutRepeats } from './addresses';

/** Whom a reply goes to (RFC 5322 §3.6.3): never the writer, unless it answers the writer's own message. */
export function replyRecipients(email: Email, body: EmailBody, own: Set<string>, all: boolean): { to: Address[]; cc: Address[] } {
  const mine = (person: Address) => own.has(person.email.toLowerCase());
  const authors = body.replyTo?.length ? body.replyTo : (email.from ?? []);
  const answerOwn = authors.length > 0 && authors.every(mine);
  const first = answerOwn ? (email.to ?? []) : authors;
  if (!all) return { to: withoutRepeats(first), cc: [] };
  const others = answerOwn ? [] : (email.to ?? []).filter((person) => !mine(person));
  const to = withoutRepeats([...first, ...others]);
  return { to, cc: withoutRepeats((email.cc ?? []).filter((person) => !mine(person)), to) };
}

export function replySubject(subject: string | null): string {
  return `Re: ${plainSubject(subject ?? '')}`;
}

export function forwardSubject(subject: string | null): string {
  return `Fwd: ${plainSubject(subject ?? '')}`;
}

/** RFC 5322 §3.6.4. */
export function threading(body: EmailBody): { inReplyTo: string[]; references: string[] } {
  const own = body.messageId ?? [];
  return { inReplyTo: own, references: [...(body.references?.length ? body.references : (body.inReplyTo ?? [])), ...own] };
}

/** Plain text as paragraphs; nothing for no text. */
export function textToHtml(text: string): string {
  if (!text) return '';
  return text.split(/\n{2,}/).map((paragraph) => `<p>${escapeHtml(paragraph).replace(/\n/g, '<br>')}</p>`).join('');
}

/** The original's words, safe to edit: no scripts, no styles, nothing from the network. */
export function quotable(body: EmailBody): string {
  const parts = body.htmlBody.length ? body.htmlBody : body.textBody;
  return parts
    .map((part) => ({ part, value: body.bodyValues[part.partId ?? '']?.value ?? '' }))
    .map(({ part, value }) => (part.type === 'text/html' ? withoutGaps(cleanHtml(value)) : textToHtml(value)))
    .join('');
}

/** Without the empty lines around quotes, which stand apart already. */
function withoutGaps(html: string): string {
  return html.replace(/(?:<br>\s*)+(?=<\/?blockquote|<\/div>\s*$|$)/g, '');
}

const KEPT = ['p', 'br', 'div', 'b', 'strong', 'i', 'em', 'u', 's', 'a', 'ul', 'ol', 'li', 'blockquote', 'h1', 'h2', 'h3', 'pre', 'code', 'hr', 'span', 'table', 'tbody', 'thead', 'tr', 'td', 'th'];

export function cleanHtml(html: string): string {
  return DOMPurify.sanitize(html, { ALLOWED_TAGS: KEPT, ALLOWED_ATTR: ['href', 'start'], ALLOW_DATA_ATTR: false });
}

/** The identity that was written to, or the first. */
export function identityFor(identities: Identity[], people: Address[]): Identity | undefined {
  const addresses = people.map(({ email }) => email.toLowerCase());
  return identities.find(({ email }) => addresses.includes(email.toLowerCase())) ?? identities[0];
}

/** A signature below its line; nothing for none. */
export function signatureHtml(identity: Identity | undefined): string {
  const own = identity?.htmlSignature ? cleanHtml(identity.htmlSignature) : textToHtml(identity?.textSignature ?? '');
  return own ? `<p>--</p>${own}` : '';
}

const ATTACHMENT_WORDS = /(?<![\p{L}\p{N}])(pi[eè]ces? jointes?|ci-joint\w*|en pi[eè]ce|joins? (?:le|la|les|un|une)|fichier joint|attach(?:ed|ment|ments|ing)?|enclosed|đính kèm|dinh kem|gửi kèm|kèm theo|tệp kèm)(?![\p{L}])/iu;

/** Whether the writer's own words speak of an attachment, in French, Vietnamese or English. */
export function mentionsAttachment(text: string): boolean {
  return ATTACHMENT_WORDS.test(text.normalize('NFC'));
}
