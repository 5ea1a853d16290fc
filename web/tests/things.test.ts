import { describe, expect, it } from 'vitest';
import { mayBeNew, partsOf } from '../src/chat/missed';
import { aboutThing, thingFor, thingIn } from '../src/chat/things';
import type { RoomEvent, RoomState } from '../src/chat/types';

const request = { kind: 'Email', accountId: 'a1', id: 'm1', title: 'Budget', author: 'Inès', at: '2026-11-20T10:00:00Z', excerpt: '', file: { accountId: 'a1', blobId: 'b', name: 'Budget.eml', type: 'message/rfc822', size: 5 } };
const said = (event_id: string, content: Record<string, unknown>) => ({ event_id, content }) as unknown as RoomEvent;
const room = (more: Partial<RoomState>) => ({ id: '!r', membership: 'join', unread: { notification_count: 0, highlight_count: 0 }, threads: {}, markedUnread: false, timeline: [], ...more }) as unknown as RoomState;

describe('a message about a mail', () => {
  const content = aboutThing(request, 'Deux lignes\nici', 'Voyez', 'https://p.example/mail?open=a1~m1');
  it('says it to any program, and to this one what it is about', () => {
    expect(content.body).toBe('Voyez\n\n✉ Budget – Inès\n> Deux lignes\n> ici\n\nhttps://p.example/mail?open=a1~m1');
    expect(content.formatted_body).toContain('<blockquote>');
    expect(thingIn(content)).toEqual({ kind: 'Email', account_id: 'a1', id: 'm1', title: 'Budget', author: 'Inès', at: request.at, excerpt: 'Deux lignes\nici', words: 'Voyez' });
  });
  it('is one only when it is whole', () => {
    for (const wrong of [undefined, 'x', {}, { kind: 'Email', account_id: 'a' }, { kind: 'Other', account_id: 'a', id: 'b' }, { kind: 'Email', account_id: 1, id: 'b' }]) expect(thingIn({ 'org.parvis.about': wrong })).toBeNull();
  });
  it('is known from its topic and from its answers', () => {
    const one = room({ timeline: [said('$mail', content), said('$other', { body: 'x' })] });
    const answer = { body: 'y', 'm.relates_to': { 'm.in_reply_to': { event_id: '$mail' } } };
    const inside = { body: 'y', 'm.relates_to': { rel_type: 'm.thread', event_id: '$mail', 'm.in_reply_to': { event_id: '$other' } } };
    for (const one_ of [answer, inside]) expect(thingFor(one, said('$new', one_), one_)?.id).toBe('m1');
    expect(thingFor(one, one.timeline[1]!, one.timeline[1]!.content)).toBeNull();
  });
});

describe('what was missed', () => {
  it('is by room and topic, in their order', () => {
    const message = (id: string, roomId: string, threadId: string | null = null) => ({ id, roomId, eventId: `$${id}`, threadId });
    const parts = partsOf([room({ id: '!b' }), room({ id: '!a' })], [message('1', '!a'), message('2', '!a', '$t'), message('3', '!b'), message('4', '!a')]);
    expect(parts.map(({ key, messages }) => [key, messages.map(({ id }) => id)])).toEqual([['!b ', ['3']], ['!a ', ['1', '4']], ['!a $t', ['2']]]);
  });
  it('may be where something is counted or marked', () => {
    expect(mayBeNew(room({}))).toBe(false);
    expect(mayBeNew(room({ markedUnread: true }))).toBe(true);
    expect(mayBeNew(room({ threads: { $t: { notification_count: 1, highlight_count: 0 } } }))).toBe(true);
    expect(mayBeNew(room({ membership: 'invite', markedUnread: true }))).toBe(false);
  });
});
