/** What a message says in one line. */
import { t, type MessageKey } from '../kernel/i18n.svelte';
import { pollOf } from './poll';
import type { Content, RoomEvent } from './types';

const KINDS: Record<string, MessageKey> = { 'm.image': 'chat.sentImage', 'm.file': 'chat.sentFile', 'm.audio': 'chat.sentAudio', 'm.video': 'chat.sentVideo' };

/** The words of a content, without what it answers. */
export function bodyOf(content: Content): string {
  const body = typeof content.body === 'string' ? content.body : '';
  return content['m.relates_to'] ? body.replace(/^(?:> .*\n)+\n/, '') : body;
}

const plain = new WeakMap<Content, string>();

/** What an HTML says, without its signs; the document that it is read in runs nothing and fetches nothing. */
function withoutSigns(content: Content): string {
  let text = plain.get(content);
  if (text === undefined) {
    const html = String(content.formatted_body).replace(/<mx-reply>.*<\/mx-reply>/s, '').replace(/<br\b[^>]*>|<\/(?:p|li|h\d|blockquote|pre|div|tr|td)>/gi, ' $&');
    plain.set(content, (text = new DOMParser().parseFromString(html, 'text/html').body.textContent ?? ''));
  }
  return text;
}

export function textFor(event: RoomEvent, content: Content = event.content): string {
  if (event.unsigned?.redacted_because) return t('chat.takenBack');
  if (event.type === 'm.room.encrypted') return t('chat.cannotRead');
  if (content.msgtype === 'm.key.verification.request') return t('chat.askedToVerify');
  const poll = pollOf(content);
  if (poll) return t('chat.poll', { question: poll.question });
  const kind = KINDS[String(content.msgtype)];
  if (kind) return t(kind, { name: bodyOf(content) });
  return (content.format === 'org.matrix.custom.html' && content.formatted_body ? withoutSigns(content) : bodyOf(content)).replace(/\s+/g, ' ').trim();
}
