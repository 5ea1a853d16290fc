import { describe, expect, it } from 'vitest';
import { authorOf, forwarded, messageOf, placed, replacing } from '../src/chat/compose';
import { markdown, onlyEmoji, plainHtml } from '../src/chat/markdown';
import { mediaUrl } from '../src/chat/matrix';
import { matching, typedName } from '../src/chat/naming';
import { addressOf, countIn, entryOf, holdsRooms, kindOf, may, membersOf, nameOf, spaceOf, successorOf, titleOf, userFor } from '../src/chat/people';
import { pathTo } from '../src/chat/places';
import { asked, ended, pollOf, tallyOf, voted } from '../src/chat/poll';
import { backOf, joined, newRoom, older, trimmed } from '../src/chat/reduce';
import { loudnessOf } from '../src/chat/rules';
import { sanitised, shownHtml } from '../src/chat/sanitise';
import { textFor } from '../src/chat/text';
import { aimed, build, newest, type Building, type Item, type Said } from '../src/chat/timeline';
import type { Content, RoomEvent, RoomState } from '../src/chat/types';

const ME = '@ann:port.example';
const BOB = '@bob:port.example';
const NOON = new Date('2026-11-24T12:00:00').getTime();
let serial = 0;

function event(sender: string, content: Content, more: Partial<RoomEvent> = {}): RoomEvent {
  serial++;
  return { event_id: `$${serial}`, type: 'm.room.message', sender, origin_server_ts: NOON + serial * 1_000, content, ...more };
}
const text = (sender: string, body: string, more: Content = {}, rest: Partial<RoomEvent> = {}) => event(sender, { msgtype: 'm.text', body, ...more }, rest);
const about = (rel_type: string, id: string, more: Content = {}): Content => ({ 'm.relates_to': { rel_type, event_id: id, ...more } });
const state = (type: string, content: Content, key = '') => event(ME, content, { type, state_key: key });

function roomWith(events: RoomEvent[], more: Partial<RoomState> = {}): RoomState {
  return { ...joined(undefined, '!r', { timeline: { events, prev_batch: 'p1' } }), ...more };
}
function lines(room: RoomState, more: Partial<Building> = {}): Item[] {
  return build({ room, events: room.timeline, me: ME, thread: '', readTo: '', pending: [], hidden: new Set(), ...more });
}
const said = (items: Item[]) => items.filter((item): item is Said => item.kind === 'said');

describe('the room of a space', () => {
  const keeper = (server: string) => `@=space-aabbccddeeffg:${server}`;
  const kept = (by: string) => roomWith([event(by, { room_version: '12' }, { type: 'm.room.create', state_key: '' }), ...[by, ME, BOB].map((user) => event(user, { membership: 'join' }, { type: 'm.room.member', state_key: user }))], { joined: 3 });
  it('is known by who keeps it, who is nobody in it', () => {
    const room = kept(keeper('port.example'));
    expect([spaceOf(room, ME), countIn(room, ME), membersOf(room).map(({ id }) => id)]).toEqual(['aabbccddeeffg', 2, [ME, BOB]]);
  });
  it('is never one that somebody else has made, or another server', () => {
    for (const by of [BOB, keeper('elsewhere.example'), '@space-aabbccddeeffg:port.example']) expect([spaceOf(kept(by), ME), countIn(kept(by), ME)]).toEqual(['', 3]);
  });
});

describe('what /sync says', () => {
  it('is put behind what is known, each event once, and state follows', () => {
    const [one, two] = [text(ME, 'one'), text(BOB, 'two')];
    const before = roomWith([one]);
    const after = joined(before, '!r', { timeline: { events: [one, two, state('m.room.name', { name: 'Quay' })] } });
    expect(after.timeline.map(({ event_id }) => event_id)).toEqual([one.event_id, two.event_id, `$${serial}`]);
    expect(titleOf(after, ME)).toBe('Quay');
    expect(before.timeline).toHaveLength(1);
  });
  it('begins anew where there is a gap, and history goes on before that', () => {
    const room = joined(roomWith([text(ME, 'old')]), '!r', { timeline: { events: [text(BOB, 'new')], limited: true, prev_batch: 'p9' } });
    expect([room.timeline.length, backOf(room)]).toEqual([1, 'p9']);
    const page = older(room, { chunk: [text(ME, 'b'), text(ME, 'a')], end: 'p8' });
    expect(page.timeline.map(({ content }) => content.body)).toEqual(['a', 'b', 'new']);
    expect(backOf(page)).toBe('p8');
    expect(backOf(older(page, { chunk: [] }))).toBe('');
  });
  it('is cut only where it is known how to go on', () => {
    let room = roomWith([text(ME, '1'), text(ME, '2')]);
    for (const n of [3, 4, 5]) room = joined(room, '!r', { timeline: { events: [text(BOB, String(n))], prev_batch: `p${n}` } });
    const cut = trimmed(room, 2);
    expect([cut.timeline.map(({ content }) => content.body), backOf(cut)]).toEqual([['4', '5'], 'p4']);
    expect(trimmed(room, 9)).toBe(room);
  });
  it('takes back what was redacted, and keeps receipts, tags and counts', () => {
    const bad = text(BOB, 'oops');
    const room = joined(roomWith([bad]), '!r', {
      timeline: { events: [event(BOB, { redacts: bad.event_id }, { type: 'm.room.redaction' })] },
      ephemeral: { events: [{ type: 'm.receipt', content: { [bad.event_id]: { 'm.read': { [BOB]: { ts: 5, thread_id: 'main' } } } } }, { type: 'm.typing', content: { user_ids: [BOB] } }] },
      account_data: { events: [{ type: 'm.tag', content: { tags: { 'm.favourite': {} } } }, { type: 'm.fully_read', content: { event_id: bad.event_id } }] },
      unread_notifications: { notification_count: 2, highlight_count: 1 },
      unread_thread_notifications: { $t: { notification_count: 1, highlight_count: 0 } },
    });
    expect(room.timeline[0]!.content).toEqual({});
    expect(room.receipts[BOB]).toEqual({ main: { event: bad.event_id, ts: 5 } });
    expect([room.typing, Object.keys(room.tags), room.fullyRead, room.unread.highlight_count, Object.keys(room.threads)]).toEqual([[BOB], ['m.favourite'], bad.event_id, 1, ['$t']]);
    expect(said(lines(room))).toEqual([]);
  });
});

describe('lines', () => {
  it('stand under days and names, and together when they were said together', () => {
    const late = text(BOB, 'next day', {}, { origin_server_ts: NOON + 86_400_000 });
    const items = lines(roomWith([text(ME, 'a'), text(ME, 'b'), text(BOB, 'c'), late]));
    expect(items.map(({ kind }) => kind)).toEqual(['day', 'said', 'said', 'said', 'day', 'said']);
    expect(said(items).map(({ head }) => head)).toEqual([true, false, true, true]);
  });
  it('tell from where on all is new, once, and not before one’s own', () => {
    const [read, mine, fresh] = [text(BOB, 'read'), text(ME, 'mine'), text(BOB, 'fresh')];
    const items = lines(roomWith([read, mine, fresh, text(BOB, 'more')]), { readTo: read.event_id });
    expect(items.map(({ kind }) => kind)).toEqual(['day', 'said', 'said', 'new', 'said', 'said']);
  });
  it('show edits of their author only, reactions by sign, and threads by their root', () => {
    const root = text(BOB, 'root');
    const edit = event(BOB, { ...about('m.replace', root.event_id), 'm.new_content': { msgtype: 'm.text', body: 'better' } });
    const forged = event(ME, { ...about('m.replace', root.event_id), 'm.new_content': { msgtype: 'm.text', body: 'forged' } });
    const up = (who: string) => event(who, about('m.annotation', root.event_id, { key: '👍' }), { type: 'm.reaction' });
    const mine = up(ME);
    const answer = text(ME, 'answer', about('m.thread', root.event_id));
    const room = roomWith([root, edit, forged, up(BOB), mine, answer]);
    const [one, ...none] = said(lines(room));
    expect(none).toEqual([]);
    expect([one!.content.body, one!.edited, one!.reactions, one!.thread?.count]).toEqual(['better', true, [{ key: '👍', users: [BOB, ME], mine: mine.event_id }], 1]);
    expect(said(lines(room, { thread: root.event_id })).map(({ content }) => content.body)).toEqual(['better', 'answer']);
    expect(said(lines(room, { hidden: new Set([mine.event_id]) }))[0]!.reactions[0]!.users).toEqual([BOB]);
  });
  it('are not made of what is sealed and only refers to something, as steps of comparing signs do', () => {
    const sealed = (more: Content) => event(BOB, { ciphertext: 'x', ...more }, { type: 'm.room.encrypted', sealed: { lost: 'key' } });
    const [asks, answer] = [sealed({}), sealed({ 'm.relates_to': { 'm.in_reply_to': { event_id: '$x' } } })];
    const room = roomWith([asks, sealed(about('m.reference', asks.event_id)), answer, sealed(about('m.reference', asks.event_id)), sealed(about('m.replace', asks.event_id))]);
    expect(said(lines(room)).map((line) => line.event)).toEqual([asks, answer]);
    expect(newest(room)).toBe(answer);
  });

  it('show what waits under the key that it keeps once it is there', () => {
    const pending = { txn: 't1', order: 1, room: '!r', type: 'm.room.message', content: { msgtype: 'm.text', body: 'soon' }, made: NOON, status: 'waiting' as const };
    const echo = { event_id: '~t1', type: 'm.room.message', sender: ME, origin_server_ts: NOON, content: pending.content, unsigned: { transaction_id: 't1' } };
    const room = roomWith([]);
    const [waits] = said(lines(room, { events: [echo], pending: [pending] }));
    expect([waits!.key, waits!.pending?.txn]).toEqual(['t1', 't1']);
    const [there] = said(lines(room, { events: [{ ...echo, event_id: '$real' }], pending: [] }));
    expect([there!.key, there!.pending]).toEqual(['t1', undefined]);
  });
  it('are about what waited as they were written, under the id that it has by now', () => {
    const idOf = (txn: string) => (txn === 't1' ? '$1' : undefined);
    expect(aimed({ ...about('m.replace', '~t1') }, idOf)).toEqual(about('m.replace', '$1'));
    expect(aimed({ 'm.relates_to': { 'm.in_reply_to': { event_id: '~t1' } } }, idOf)).toEqual({ 'm.relates_to': { 'm.in_reply_to': { event_id: '$1' } } });
    const waits = about('m.replace', '~t2');
    expect(aimed(waits, idOf)).toBe(waits);
  });
  it('carry the faces of who has read as far as them', () => {
    const [one, two] = [text(ME, '1'), text(ME, '2')];
    const room = roomWith([one, two], { receipts: { [BOB]: { main: { event: one.event_id, ts: 1 } } } });
    expect(said(lines(room)).map(({ readers }) => readers)).toEqual([[BOB], []]);
  });
  it('say what changed in the room, and not who changed their picture', () => {
    const was = { prev_content: { membership: 'join' } };
    const items = lines(roomWith([state('org.parvis.room_kind', { kind: 'open' }), state('m.room.member', { membership: 'join' }, BOB), state('m.room.topic', { topic: 'x' }), event(BOB, { membership: 'join' }, { type: 'm.room.member', state_key: BOB, unsigned: was })]));
    expect(items.map((item) => (item.kind === 'notes' ? item.events.length : item.kind))).toEqual(['day', 2]);
  });
});

describe('Markdown', () => {
  it.each([
    ['plain **bold** _soft_ ~~no~~ `a<b`', 'plain <strong>bold</strong> <em>soft</em> <del>no</del> <code>a&lt;b</code>'],
    ['snake_case_name and 2*3*4', 'snake_case_name and 2<em>3</em>4'],
    ['see https://port.example/a_b_c.', 'see <a href="https://port.example/a_b_c">https://port.example/a_b_c</a>.'],
    ['[the quay](https://port.example/(q))', '<a href="https://port.example/(q)">the quay</a>'],
    ['- one\n- two', '<ul><li>one</li><li>two</li></ul>'],
    ['3. three\n4. four', '<ol start="3"><li>three</li><li>four</li></ol>'],
    ['> said\nanswer', '<blockquote><p>said</p></blockquote><p>answer</p>'],
    ['```py\nx < 1\n```', '<pre><code class="language-py">x &lt; 1\n</code></pre>'],
    ['a\nb', 'a<br>b'],
    ['\\*not\\*', '*not*'],
    ['<img src=x onerror=alert(1)>', '&lt;img src=x onerror=alert(1)&gt;'],
  ])('%j', (source, html) => expect(markdown(source).html).toBe(html));
  it('says whether it is more than the text', () => {
    expect([markdown('Bonjour, ça va ?\nOui').rich, markdown('**x**').rich, markdown('see https://a.example').rich]).toEqual([false, true, false]);
  });
  it('ends, whatever is written', () => {
    for (const odd of ['*'.repeat(4_000), '['.repeat(4_000), '`'.repeat(4_001), '_a'.repeat(3_000), '> '.repeat(500)]) expect(markdown(odd).html.length).toBeGreaterThan(0);
  });
  it('makes links of addresses only, and large signs of signs only', () => {
    expect(plainHtml('<b> https://x.example/?a=1&b=2, ok')).toBe('&lt;b&gt; <a href="https://x.example/?a=1&amp;b=2">https://x.example/?a=1&amp;b=2</a>, ok');
    expect([onlyEmoji('👍🎉'), onlyEmoji('👩‍👧‍👦'), onlyEmoji('ok 👍'), onlyEmoji('12'), onlyEmoji(' ')]).toEqual([true, true, false, false, false]);
  });
});

describe('HTML of others', () => {
  it('keeps what Matrix names, and nothing that acts', () => {
    expect(sanitised('<p onclick="x()">a<script>1</script><img src="https://spy.example/p"><a href="javascript:x">b</a></p>')).toBe('<p>a<a target="_blank" rel="noopener noreferrer nofollow">b</a></p>');
    expect(sanitised('<span style="position:fixed" class="scroll" id="main" data-mx-spoiler="">x</span>')).toBe('<span data-mx-spoiler="">x</span>');
    expect(sanitised('<mx-reply><blockquote>old</blockquote></mx-reply>new')).toBe('new');
  });
  it('shows who is named, and oneself most of all', () => {
    expect(shownHtml(`<a href="https://matrix.to/#/${ME}">Ann</a> <a href="https://matrix.to/#/%40bob%3Aport.example">Bob</a>`, ME)).toBe('<span class="mention me">@Ann</span> <span class="mention">@Bob</span>');
  });
});

describe('what is written', () => {
  it('names people, answers, and stands in a thread', () => {
    const content = messageOf('Merci @Bob Le Goff **!**', [{ id: BOB, name: 'Bob Le Goff' }, { id: ME, name: 'Ann' }]);
    expect(content['m.mentions']).toEqual({ user_ids: [BOB] });
    expect(content.formatted_body).toContain(`https://matrix.to/#/${encodeURIComponent(BOB)}`);
    const reply = text('@eve:port.example', 'q');
    expect(placed(content, { thread: '', reply })).toMatchObject({ 'm.relates_to': { 'm.in_reply_to': { event_id: reply.event_id } }, 'm.mentions': { user_ids: [BOB, '@eve:port.example'] } });
    expect(placed(messageOf('x', []), { thread: '$t', last: '$l' })['m.relates_to']).toEqual({ rel_type: 'm.thread', event_id: '$t', is_falling_back: true, 'm.in_reply_to': { event_id: '$l' } });
    expect(messageOf('plain', [])).toEqual({ msgtype: 'm.text', body: 'plain', 'm.mentions': {} });
    expect(messageOf('/me waves', [])).toMatchObject({ msgtype: 'm.emote', body: 'waves' });
  });
  it('replaces, and is passed on without what it was about', () => {
    const old = text(ME, 'olf');
    expect(replacing(old, messageOf('old', []))).toMatchObject({ body: '* old', 'm.new_content': { body: 'old' }, 'm.relates_to': { rel_type: 'm.replace', event_id: old.event_id } });
    const passed = forwarded({ body: 'x', 'm.relates_to': {}, 'm.mentions': { user_ids: [BOB] } }, BOB, 'Bob');
    expect(passed).toEqual({ body: 'x', 'm.mentions': {}, 'org.parvis.forwarded': { sender: BOB, name: 'Bob' } });
    expect(authorOf(forwarded(passed, ME, 'Ann'))).toEqual({ sender: BOB, name: 'Bob' });
    for (const told of [undefined, null, 'x', { sender: 7, name: 'x' }, { sender: BOB, name: ' ' }]) expect(authorOf({ 'org.parvis.forwarded': told })).toBe(null);
  });
  it('takes a room for private until it says that it is open', () => {
    const kind = (...events: RoomEvent[]) => kindOf(roomWith(events));
    expect([kind(), kind(state('org.parvis.room_kind', {})), kind(state('org.parvis.room_kind', { kind: 'open' }))]).toEqual(['private', 'private', 'open']);
    expect(kind(state('org.parvis.room_kind', { kind: 'open' }), state('m.room.encryption', {}))).toBe('encrypted');
  });

  it('and who may come in, what it holds and where it goes on', () => {
    const rule = (join_rule: string) => entryOf(roomWith([state('m.room.join_rules', { join_rule })]));
    expect([entryOf(roomWith([])), ...['invite', 'restricted', 'knock', 'knock_restricted', 'public'].map(rule)]).toEqual(['invite', 'invite', 'invite', 'knock', 'knock', 'public']);
    expect([{}, { type: 'm.space' }].map((content) => holdsRooms(roomWith([state('m.room.create', content)])))).toEqual([false, true]);
    expect([{}, { replacement_room: 7 }, { replacement_room: '!next' }].map((content) => successorOf(roomWith([state('m.room.tombstone', content)])))).toEqual(['', '', '!next']);
  });

  it('finds names behind an @, whatever their accents', () => {
    expect([typedName('dis à @hé'), typedName('mail@hé'), typedName('@Camille N'), typedName('fini @Bob ok non')]).toEqual(['hé', null, 'Camille N', null]);
    const people = ['Hélène Marchetti', 'Đặng Quốc Khánh', 'Marie Hé'].map((name, index) => ({ id: `@${index}:x`, name, membership: 'join' }));
    expect(matching(people, 'he').map(({ name }) => name)).toEqual(['Hélène Marchetti', 'Marie Hé']);
    expect(matching(people, 'quo').map(({ name }) => name)).toEqual(['Đặng Quốc Khánh']);
  });
});

describe('one line', () => {
  it('says what a message says, without the signs of its HTML', () => {
    const rich = text(BOB, '# One\n- two', { format: 'org.matrix.custom.html', formatted_body: '<h1>One</h1><ul><li>two &amp; three</li></ul><script>x</script>' });
    expect(textFor(rich)).toMatch(/^One two & three/);
    expect(textFor(text(BOB, 'plain\n text'))).toBe('plain text');
  });
});

describe('names and places', () => {
  it('turn addresses into users and back', () => {
    for (const [address, user] of [['bob@port.example', '@bob:port.example'], ['hương.x@other.example', '@h=c6=b0=c6=a1ng.x=40other.example:port.example']] as const) {
      expect(userFor(address, ME)).toBe(user);
      expect(addressOf(user)).toBe(address);
    }
  });
  it('call a room after who is in it, and somebody after their address', () => {
    const room = roomWith([], { heroes: [BOB] });
    expect([titleOf(room, ME), nameOf(room, BOB)]).toEqual(['bob', 'bob']);
  });
  it('has the address beside it where another one is called the same, or so that it looks the same', () => {
    const member = (user: string, displayname: string, membership = 'join') => state('m.room.member', { membership, displayname }, user);
    const room = roomWith([member(ME, 'Ann'), member('@eve:far.example', '\u0410nn\u200b'), member(BOB, 'Bob'), member('@gone:far.example', 'Bob', 'leave')]);
    expect([ME, '@eve:far.example', BOB].map((user) => nameOf(room, user))).toEqual([
      'Ann (ann@port.example)', '\u0410nn\u200b (eve@far.example)', 'Bob',
    ]);
    const alone = joined(room, '!r', { timeline: { events: [member('@eve:far.example', 'Eve')] } });
    expect(nameOf(alone, ME)).toBe('Ann');
    const viet = roomWith([member(ME, 'H\u00f9ng'), member(BOB, 'H\u01b0ng')]);
    expect([ME, BOB].map((user) => nameOf(viet, user))).toEqual(['H\u00f9ng', 'H\u01b0ng']);
  });
  it('know what somebody may do, and that makers of new rooms may all', () => {
    const made = (version: string) => roomWith([state('m.room.create', { room_version: version }), state('m.room.power_levels', { users: { [BOB]: 50 }, kick: 60, events: { 'm.room.name': 50 } })]);
    expect([may(made('12'), ME, 'kick'), may(made('10'), ME, 'kick'), may(made('10'), BOB, 'm.room.name', true), may(made('10'), BOB, 'kick'), may(made('10'), ME, 'm.room.message')]).toEqual([true, false, true, false, true]);
  });
  it('have addresses that the server answers with the page', () => {
    expect(pathTo('!a:port.example')).toBe('/chat/!a%3Aport.example/');
    expect(pathTo('!hash', { thread: '$t', event: '$e' })).toBe('/chat/!hash/t/%24t?event=%24e');
    expect([mediaUrl('mxc://port.example/Ab-1'), mediaUrl('https://x'), mediaUrl('mxc://a/../b')]).toEqual(['/_matrix/client/v1/media/download/port.example/Ab-1', '', '']);
  });
  it('are as loud as the push rules say', () => {
    const rules = (kind: string) => ({ 'm.push_rules': { global: { [kind]: [{ rule_id: '!r', enabled: true, actions: [] }] } } });
    expect([loudnessOf(rules('override'), '!r'), loudnessOf(rules('room'), '!r'), loudnessOf(rules('room'), '!x'), loudnessOf({}, '!r')]).toEqual(['none', 'mentions', 'all', 'all']);
    expect(newRoom('!r', 'join').timeline).toEqual([]);
  });
});

describe('polls', () => {
  const content = asked({ question: 'Quand ?', answers: ['Lundi', 'Mardi'], most: 1, open: true });
  const root = event(ME, content, { type: 'm.poll.start' });
  const vote = (who: string, ...ids: string[]) => event(who, voted(root.event_id, ids), { type: 'm.poll.response' });
  it('are read as they are written, in the older form too', () => {
    expect(pollOf(content)).toEqual({ question: 'Quand ?', answers: [{ id: 'a1', text: 'Lundi' }, { id: 'a2', text: 'Mardi' }], most: 1, open: true });
    const old = { 'org.matrix.msc3381.poll.start': { kind: 'org.matrix.msc3381.poll.undisclosed', question: { 'org.matrix.msc1767.text': 'Q' }, answers: [{ id: 'x', 'org.matrix.msc1767.text': 'X' }] } };
    expect(pollOf(old)).toEqual({ question: 'Q', answers: [{ id: 'x', text: 'X' }], most: 1, open: false });
    expect(pollOf({ body: 'no' })).toBeNull();
  });
  it('count the last vote of each, what can be chosen, and nothing after the end that only their maker says', () => {
    const events = [vote(ME, 'a1'), vote(BOB, 'a1', 'a2'), vote(ME, 'a2'), vote('@eve:port.example', 'zz'), event(BOB, ended(root.event_id, ''), { type: 'm.poll.end' })];
    const poll = pollOf(content)!;
    expect(tallyOf(root, poll, events)).toEqual({ votes: new Map([['a1', [BOB]], ['a2', [ME]]]), voters: 2, ended: false });
    const over = [...events, event(ME, ended(root.event_id, ''), { type: 'm.poll.end' }), vote(BOB, 'a2')];
    expect(tallyOf(root, poll, over)).toEqual({ votes: new Map([['a1', [BOB]], ['a2', [ME]]]), voters: 2, ended: true });
  });
});
