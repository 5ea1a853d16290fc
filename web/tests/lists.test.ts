// @vitest-environment node
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Decisions, WAIT_MS } from '../src/mail/lists/decisions';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function decisions(notFound: string[] = []) {
  const sent: [string[], string[]][] = [];
  const told: boolean[] = [];
  const made = new Decisions((decided) => told.push(decided), async (accept, reject) => {
    sent.push([accept, reject]);
    return { accepted: [], rejected: [], notFound };
  });
  return { made, sent, told };
}

test('a decision goes after a moment, and not when it was taken back', async () => {
  const { made, sent } = decisions();
  made.add('a', 'accept');
  made.add('b', 'reject');
  expect(made.undo('b')).toBe(true);
  await vi.advanceTimersByTimeAsync(WAIT_MS - 1);
  expect(sent).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(sent).toEqual([[['a'], []]]);
  expect(made.undo('a')).toBe(false);
});

test('the last word about a message counts', async () => {
  const { made, sent } = decisions();
  made.add('a', 'accept');
  made.add('a', 'reject');
  await vi.advanceTimersByTimeAsync(WAIT_MS * 2);
  expect(sent).toEqual([[[], ['a']]]);
});

test('leaving sends all at once, and nothing twice', async () => {
  const { made, sent, told } = decisions(['b']);
  made.add('a', 'accept');
  made.add('b', 'reject');
  await made.flush();
  await vi.advanceTimersByTimeAsync(WAIT_MS);
  expect(sent).toEqual([[['a'], ['b']]]);
  expect(told).toEqual([true, false]);
});
