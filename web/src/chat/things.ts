/** Messages about a thing of the house, a mail: what they say to other programs, and what this client shows in its place. Pure. */
import type { DiscussRequest } from '../kernel/features';
import { messageOf } from './compose';
import { relationOf } from './timeline';
import type { Content, RoomEvent, RoomState } from './types';

const FIELD = 'org.parvis.about';

/** Whether a message is about a thing, whoever may open that. */
export function isAboutThing(content: Content): boolean {
  return FIELD in content;
}

/** A thing as a message names it. */
export interface Thing {
  kind: string;
  account_id: string;
  id: string;
  title: string;
  author: string;
  at: string;
  excerpt: string;
  /** What was said to it. */
  words: string;
}

/** The message that brings a thing into a room; `link` opens it for those who may. */
export function aboutThing({ kind, accountId, id, title, author, at }: DiscussRequest, excerpt: string, words: string, link: string): Content {
  const thing: Thing = { kind, account_id: accountId, id, title, author, at, excerpt, words };
  const quoted = excerpt.trim() ? `\n${excerpt.trim().replace(/^/gm, '> ')}` : '';
  return { ...messageOf(`${words ? `${words}\n\n` : ''}✉ ${title} – ${author}${quoted}\n\n${link}`, []), [FIELD]: thing };
}

/** The thing that a content is about, if it is about one. */
export function thingIn(content: Content): Thing | null {
  const given = content[FIELD] as Partial<Thing> | undefined;
  if (!given || typeof given !== 'object') return null;
  const text = (name: keyof Thing) => (typeof given[name] === 'string' ? given[name] : '');
  const thing: Thing = { kind: text('kind'), account_id: text('account_id'), id: text('id'), title: text('title'), author: text('author'), at: text('at'), excerpt: text('excerpt'), words: text('words') };
  return thing.kind === 'Email' && thing.account_id && thing.id ? thing : null;
}

/** The thing that a message, or what it answers, or its topic, is about. */
export function thingFor(room: RoomState, event: RoomEvent, content: Content): Thing | null {
  const about = relationOf(event);
  const others = [about.event_id, about['m.in_reply_to']?.event_id].map((id) => room.timeline.find((other) => other.event_id === id));
  return thingIn(content) ?? others.map((other) => (other ? thingIn(other.content) : null)).find((thing) => thing !== null) ?? null;
}
