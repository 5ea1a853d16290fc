/** Polls (MSC3381): what is asked, and how people have voted so far. Pure. */
import type { Content, RoomEvent } from './types';

export const START = 'm.poll.start';
const OLD = 'org.matrix.msc3381';
export const STARTS = new Set([START, `${OLD}.poll.start`]);
const RESPONSES = new Set(['m.poll.response', `${OLD}.poll.response`]);
const ENDS = new Set(['m.poll.end', `${OLD}.poll.end`]);
const MOST_ANSWERS = 20;

export interface Poll {
  question: string;
  answers: { id: string; text: string }[];
  /** How many may be chosen. */
  most: number;
  /** Whether the votes are shown before it has ended. */
  open: boolean;
}

export interface Tally {
  /** Who chose what, by answer. */
  votes: Map<string, string[]>;
  voters: number;
  ended: boolean;
}

/** A text in either of the forms that are about. */
function textOf(given: unknown): string {
  const said = (given ?? {}) as Record<string, unknown>;
  const parts = said['m.text'];
  const [first] = Array.isArray(parts) ? (parts as { body?: unknown; mimetype?: string }[]).filter(({ mimetype = 'text/plain' }) => mimetype === 'text/plain') : [];
  const text = first?.body ?? said['org.matrix.msc1767.text'] ?? parts ?? said.body;
  return typeof text === 'string' ? text : '';
}

/** What an event asks; null for what is no poll. */
export function pollOf(content: Content): Poll | null {
  const given = (content['m.poll'] ?? content[`${OLD}.poll.start`]) as Content | undefined;
  const list = given && Array.isArray(given.answers) ? (given.answers as Content[]) : [];
  const answers = list.slice(0, MOST_ANSWERS).map((one) => ({ id: String(one['m.id'] ?? one.id ?? ''), text: textOf(one) })).filter(({ id, text }) => id && text);
  if (!given || !answers.length) return null;
  return { question: textOf(given.question), answers, most: Math.max(1, Number(given.max_selections) || 1), open: /disclosed$/.test(String(given.kind)) && !/undisclosed$/.test(String(given.kind)) };
}

/** The votes of a poll: of each the last one that counts, none after its end; it is ended by who began it. */
export function tallyOf(root: RoomEvent, poll: Poll, events: RoomEvent[]): Tally {
  const mine = events.filter(({ content, unsigned }) => !unsigned?.redacted_because && (content['m.relates_to'] as { event_id?: string } | undefined)?.event_id === root.event_id);
  const end = mine.find(({ type, sender }) => ENDS.has(type) && sender === root.sender);
  const chosen = new Map<string, string[]>();
  for (const { type, sender, content, origin_server_ts: at } of mine) {
    if (!RESPONSES.has(type) || (end && at > end.origin_server_ts)) continue;
    const given = content['m.selections'] ?? (content[`${OLD}.poll.response`] as Content | undefined)?.answers;
    const known = Array.isArray(given) ? given.filter((id): id is string => poll.answers.some((one) => one.id === id)) : [];
    chosen.set(sender, [...new Set(known)].slice(0, poll.most));
  }
  const votes = new Map(poll.answers.map(({ id }) => [id, [...chosen].filter(([, ids]) => ids.includes(id)).map(([user]) => user)]));
  return { votes, voters: [...chosen.values()].filter((ids) => ids.length).length, ended: !!end };
}

const plain = (body: string) => ({ 'm.text': [{ body }] });

/** A new poll. */
export function asked({ question, answers, most, open }: { question: string; answers: string[]; most: number; open: boolean }): Content {
  const lines = [question, ...answers.map((text, index) => `${index + 1}. ${text}`)].join('\n');
  const poll = { kind: open ? 'm.disclosed' : 'm.undisclosed', max_selections: most, question: plain(question), answers: answers.map((text, index) => ({ 'm.id': `a${index + 1}`, ...plain(text) })) };
  return { ...plain(lines), 'm.poll': poll, 'm.mentions': {} };
}

export function voted(poll: string, ids: string[]): Content {
  return { 'm.relates_to': { rel_type: 'm.reference', event_id: poll }, 'm.selections': ids };
}

export function ended(poll: string, said: string): Content {
  return { 'm.relates_to': { rel_type: 'm.reference', event_id: poll }, ...plain(said), 'm.poll.results': {} };
}
