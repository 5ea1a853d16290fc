// @vitest-environment node
import { expect, test } from 'vitest';
import { grouped, nameKey, nextTry, steady, why, whyOf, type Message, type Recipient, type Told } from '../src/admin/queue/waiting';

const NOW = Date.parse('2026-11-28T12:00:00Z');
const to = (address: string, more: Partial<Recipient> = {}): Recipient => ({
  address, destination: address.split('@')[1]!, state: 'queued', reply: '', host: '', changed: '2026-11-28T11:00:00Z', nextTry: '2026-11-28T13:00:00Z', ...more,
});
const message = (id: string, recipients: Recipient[], more: Partial<Message> = {}): Message => ({
  id, state: 'active', sender: 'ann@here.example', size: 10, queued: '2026-11-28T11:00:00Z', release: '2026-11-28T11:00:00Z', recipients, ...more,
});
const told = (counts: Record<string, number>, ...list: Message[]): Told => ({ total: list.length, destinations: Object.entries(counts).map(([destination, messages]) => ({ destination, messages })), list });
const shape = (groups: ReturnType<typeof grouped>) => groups.map((one) => [one.destination, one.count, one.rows.map((row) => row.message.id + (row.left ? '-' : ''))]);

test('a message stands under each destination it waits for, once', () => {
  const both = message('1', [to('x@a.example'), to('y@b.example'), to('z@a.example', { state: 'relayed' })]);
  const groups = grouped(told({ 'a.example': 3, 'b.example': 1 }, both, message('2', [to('x@a.example')]), both));
  expect(shape(groups)).toEqual([['a.example', 3, ['1', '2']], ['b.example', 1, ['1']]]);
  expect(groups[0]!.rows[0]!.to.map((one) => one.address)).toEqual(['x@a.example']);
});

test('nothing moves: what has left stays marked, what is new comes after', () => {
  const one = message('1', [to('x@a.example')]);
  const two = message('2', [to('x@a.example', { reply: '450 4.2.0 later' })]);
  const old = grouped(told({ 'a.example': 2, 'b.example': 1 }, one, message('2', [to('x@a.example')]), message('3', [to('x@b.example')])));
  const fresh = grouped(told({ 'c.example': 5, 'a.example': 2 }, message('0', [to('x@a.example')]), two, message('4', [to('x@c.example')])));
  const held = steady(old, fresh);
  expect(shape(held)).toEqual([['a.example', 2, ['1-', '2', '0']], ['b.example', 0, ['3-']], ['c.example', 5, ['4']]]);
  expect(held[0]!.rows[1]!.to[0]!.reply).toBe('450 4.2.0 later');
  expect(shape(steady(held, old))).toEqual([['a.example', 2, ['1', '2', '0-']], ['b.example', 1, ['3']], ['c.example', 0, ['4-']]]);
});

test('each answer has its sentence', () => {
  const sentences = {
    '451 4.4.1 mx.a.example: timed out': 'noAnswer', '451 4.4.3 DNS does not answer': 'dns', '450 4.4.4 no server of a has an address': 'noServer', '451 4.4.2 closed': 'cut',
    '452 4.2.2 over quota': 'full', '450 4.2.1 disabled': 'off', '450 4.2.0 locked': 'mailbox', '451 4.7.5 not in the policy': 'unsafe', '451 4.7.50 odd': 'policy', '450 4.7.1 who are you': 'policy',
    '450 4.7.1 Greylisted, try later': 'grey', '421 4.7.0 Too many connections': 'many', '421 come back': 'busy', '452 no room': 'space', '450 later': 'other', '451 4.6.1 hm': 'other', '': 'other',
  };
  for (const [reply, name] of Object.entries(sentences)) expect([reply, whyOf(reply)]).toEqual([reply, `queue.why.${name}`]);
});

test('the state comes before the answer', () => {
  const row = (more: Partial<Message>, one = to('x@a.example', { reply: '450 4.2.2 full' })) => ({ message: message('1', [one], more), to: [one], left: false });
  expect(why(row({ state: 'paused' }), NOW)).toBe('queue.why.paused');
  expect(why(row({ state: 'held', release: '2026-11-28T12:30:00Z' }), NOW)).toBe('queue.why.later');
  expect(why(row({ state: 'held' }), NOW)).toBe('queue.why.full');
  expect(why(row({}, to('x@a.example')), NOW)).toBe('queue.why.first');
  expect(nextTry(row({ state: 'paused' }), NOW)).toBe(null);
  expect(nextTry(row({}), NOW)).toBe('2026-11-28T13:00:00Z');
  expect(nextTry(row({}), NOW + 7_200_000)).toBe('');
  expect(nextTry(row({}, to('x@a.example', { nextTry: null })), NOW)).toBe(null);
});

test('what is no domain has a name', () => {
  expect(['.', '*', '@12', 'a.example'].map(nameKey)).toEqual(['queue.here', 'queue.relay', 'queue.provider', null]);
});
