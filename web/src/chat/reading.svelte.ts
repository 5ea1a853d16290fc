/** What has been seen is told to the server, so that it is read everywhere (§Receipts). */
import { data } from './data.svelte';
import { history } from './history.svelte';
import { ask, room as inRoom } from './matrix';
import { lastOf } from './timeline';

const SOON = 400;
const NONE = { notification_count: 0, highlight_count: 0 };

class Reading {
  /** What was seen last in a place, until that is told. */
  private readonly waiting = new Map<string, string>();
  private readonly reached = new Map<string, string>();

  /** Everything that is by now in a room, or in one of its topics, has been seen, if anybody looks. */
  seen(id: string, thread: string): void {
    if (document.visibilityState !== 'visible' || !document.hasFocus()) return;
    const place = `${id} ${thread}`;
    if (!this.waiting.has(place)) setTimeout(() => void this.tell(id, thread), SOON);
    this.waiting.set(place, newest(id, thread));
  }

  private async tell(id: string, thread: string): Promise<void> {
    const place = `${id} ${thread}`;
    const seen = this.waiting.get(place);
    this.waiting.delete(place);
    if (seen === undefined || data.rooms.get(id)?.membership !== 'join') return;
    if (!thread && data.rooms.get(id)?.markedUnread) await this.mark(id, false);
    const room = data.rooms.get(id);
    if (!room || !seen || this.reached.get(place) === seen) return;
    this.reached.set(place, seen);
    const { [thread]: _read, ...threads } = room.threads;
    const all = newest(id, thread) === seen; // what has come meanwhile is new
    data.put({ ...room, ...(all && thread ? { threads } : {}), ...(all && !thread ? { unread: NONE } : {}), ...(thread ? {} : { fullyRead: seen }) });
    data.count();
    try {
      await ask('POST', inRoom(id, 'receipt', 'm.read', seen), { body: { thread_id: thread || 'main' } });
      if (!thread) await ask('POST', inRoom(id, 'read_markers'), { body: { 'm.fully_read': seen } });
    } catch {
      this.reached.delete(place);
    }
  }

  /** Marks a room as something to come back to, or takes that back. */
  async mark(id: string, unread: boolean): Promise<void> {
    data.note(id, 'm.marked_unread', { unread });
    for (const kept of [this.waiting, this.reached]) kept.delete(`${id} `);
    await ask('PUT', ['client', 'v3', 'user', data.me, 'rooms', id, 'account_data', 'm.marked_unread'], { body: { unread } }).catch(() => undefined);
  }
}

/** The last event of a place; empty where nothing is. */
function newest(id: string, thread: string): string {
  return lastOf(thread ? history.topic(id, thread) : (data.rooms.get(id)?.timeline ?? []), thread)?.event_id ?? '';
}

export const reading = new Reading();
