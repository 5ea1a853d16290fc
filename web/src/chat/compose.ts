/** What was written, as Matrix says it (§m.room.message). Pure, but for the cleaning of HTML. */
import { escapeHtml } from '../kernel/html';
import { markdown } from './markdown';
import { sanitised } from './sanitise';
import { threadOf } from './timeline';
import type { Content, RoomEvent } from './types';

/** Somebody who was named with @ as the text was written. */
export interface Mention {
  id: string;
  name: string;
}

/** The content of a text. People are named in it by `@` and their name, all of the room by `@room` where that is allowed (§User and room mentions). */
export function messageOf(text: string, mentions: Mention[], mayCallAll = false): Content {
  const emote = text.startsWith('/me ');
  const body = (emote ? text.slice(4) : text).trim();
  const named = mentions.filter(({ name }) => body.includes(`@${name}`));
  const { html, rich } = markdown(body);
  const content: Content = { msgtype: emote ? 'm.emote' : 'm.text', body };
  if (rich || named.length) {
    const linked = named.reduce((so, { id, name }) => so.replaceAll(escapeHtml(`@${name}`), `<a href="https://matrix.to/#/${encodeURIComponent(id)}">${escapeHtml(name)}</a>`), html);
    Object.assign(content, { format: 'org.matrix.custom.html', formatted_body: sanitised(linked) });
  }
  const all = mayCallAll && /(?:^|\s)@room(?![\p{L}\p{N}])/u.test(body) ? { room: true } : {};
  return { ...content, 'm.mentions': { ...(named.length ? { user_ids: [...new Set(named.map(({ id }) => id))] } : {}), ...all } };
}

/** The same in a thread, or as an answer; `last` is what was said last in the thread. */
export function placed(content: Content, { thread, last, reply }: { thread: string; last?: string; reply?: RoomEvent }): Content {
  const answer = reply && { 'm.in_reply_to': { event_id: reply.event_id } };
  if (reply) {
    const called = (content['m.mentions'] ?? {}) as { user_ids?: string[]; room?: boolean };
    const named = called.user_ids ?? [];
    content = { ...content, 'm.mentions': { ...called, user_ids: [...new Set([...named, reply.sender])] } };
  }
  if (thread) return { ...content, 'm.relates_to': { rel_type: 'm.thread', event_id: thread, is_falling_back: !reply, ...(answer ?? { 'm.in_reply_to': { event_id: last ?? thread } }) } };
  return answer ? { ...content, 'm.relates_to': answer } : content;
}

/** Says that an event reads otherwise now. */
export function replacing(event: RoomEvent, content: Content): Content {
  const html = content.formatted_body ? { formatted_body: `* ${String(content.formatted_body)}` } : {};
  return { ...content, body: `* ${String(content.body)}`, ...html, 'm.new_content': content, 'm.relates_to': { rel_type: 'm.replace', event_id: event.event_id } };
}

/** In the content of what was passed on: who said it first. */
const FORWARDED = 'org.parvis.forwarded';

/** What is passed on of a message: what it says, and who did, not what it was about. What was passed on before keeps who said it first. */
export function forwarded(content: Content, sender: string, name: string): Content {
  const { 'm.relates_to': _about, 'm.mentions': _named, 'm.new_content': _new, ...rest } = content;
  return { [FORWARDED]: { sender, name }, ...rest, 'm.mentions': {} };
}

/** Who said first what was passed on, as who passed it on tells; null for what was not. */
export function authorOf(content: Content): { sender: string; name: string } | null {
  const { sender, name } = (content[FORWARDED] ?? {}) as Record<string, unknown>;
  return typeof sender === 'string' && typeof name === 'string' && sender.startsWith('@') && name.trim() ? { sender, name: name.trim() } : null;
}

/** The thread that an answer to an event is written in: its own, or the one it begins. */
export function rootOf(event: RoomEvent): string {
  return threadOf(event) || event.event_id;
}

