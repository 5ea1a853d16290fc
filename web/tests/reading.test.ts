import { beforeEach, expect, test, vi } from 'vitest';
import { data } from '../src/chat/data.svelte';
import { reading } from '../src/chat/reading.svelte';
import type { RoomEvent, RoomState } from '../src/chat/types';

const ROOM = '!room:port.example';
const event = (id: string): RoomEvent => ({ event_id: id, type: 'm.room.message', sender: '@ann:port.example', origin_server_ts: 1, content: { msgtype: 'm.text', body: id } });
const room = (...timeline: RoomEvent[]) => ({ id: ROOM, membership: 'join', timeline, threads: {}, state: {}, receipts: {}, tags: {}, unread: { notification_count: timeline.length, highlight_count: 0 }, fullyRead: '', markedUnread: false }) as unknown as RoomState;
const told: string[] = [];

beforeEach(() => {
  told.length = 0;
  vi.useFakeTimers();
  vi.spyOn(document, 'hasFocus').mockReturnValue(true);
  vi.stubGlobal('fetch', async (url: string) => {
    if (url.includes('/receipt/')) told.push(decodeURIComponent(url.split('/').at(-1)!));
    return new Response('{}', { headers: { 'Content-Type': 'application/json' } });
  });
  return () => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  };
});

test('what has been seen is told soon, and what comes before that is told of is new', async () => {
  data.put(room(event('$1')));
  reading.seen(ROOM, '');
  data.put({ ...room(event('$1'), event('$2')), unread: { notification_count: 1, highlight_count: 0 } });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(told).toEqual(['$1']);
  expect(data.rooms.get(ROOM)).toMatchObject({ fullyRead: '$1', unread: { notification_count: 1 } });
});

test('where much is said, what has been seen is told all the same', async () => {
  for (let n = 1; n <= 10; n++) {
    data.put(room(...Array.from({ length: n }, (_none, at) => event(`$many${at}`))));
    reading.seen(ROOM, '');
    await vi.advanceTimersByTimeAsync(100);
  }
  await vi.advanceTimersByTimeAsync(1_000);
  expect(told.length).toBeGreaterThan(1);
  expect(told.at(-1)).toBe('$many9');
  expect(data.rooms.get(ROOM)?.unread.notification_count).toBe(0);
});

test('a room that was marked as unread just now stays so', async () => {
  data.put(room(event('$a')));
  reading.seen(ROOM, '');
  void reading.mark(ROOM, true);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(told).toEqual([]);
  expect(data.rooms.get(ROOM)?.markedUnread).toBe(true);
});
