/** What has been seen is told to the server, so that it is read everywhere (§Receipts). */
import { data } from './data.svelte';
import { history } from './history.svelte';
import { ask, room as inRoom } from './matrix';
import { lastOf } from './timeline';

const SOON = 400;
const NONE = { notification_count: 0, highlight_count: 0 };

class Reading {
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly reached = new Map<string, string>();

  /** Everything in a room, or in one of its topics, has been seen, if anybody looks. */
  seen(id: string, thread: string): void {
    const place = `${id} ${thread}`;
    clearTimeout(this.timers.get(place));
    if (document.visibilityState !== 'visible' || !document.hasFocus()) return;
    this.timers.set(place, setTimeout(() => void this.tell(id, thread), SOON));
  }

  private async tell(id: string, thread: string): Promise<void> {
    const room = data.rooms.get(id);
    if (room?.membership !== 'join') return;
    if (!thread && room.markedUnread) await this.mark(id, false);
    const last = lastOf(thread ? history.topic(id, thread) : room.timeline, thread);
    const place = `${id} ${thread}`;
    if (!last || this.reached.get(place) === last.event_id) return;
    this.reached.set(place, last.event_id);
    const { [thread]: _read, ...threads } = room.threads;
    data.put(thread ? { ...room, threads } : { ...room, unread: NONE, fullyRead: last.event_id });
    data.count();
    try {
      await ask('POST', inRoom(id, 'receipt', 'm.read', last.event_id), { body: { thread_id: thread || 'main' } });
      if (!thread) await ask('POST', inRoom(id, 'read_markers'), { body: { 'm.fully_read': last.event_id } });
    } catch {
      this.reached.delete(place);
    }
  }

  /** Marks a room as something to come back to, or takes that back. */
  async mark(id: string, unread: boolean): Promise<void> {
    data.note(id, 'm.marked_unread', { unread });
    this.reached.delete(`${id} `);
    await ask('PUT', ['client', 'v3', 'user', data.me, 'rooms', id, 'account_data', 'm.marked_unread'], { body: { unread } }).catch(() => undefined);
  }
}

export const reading = new Reading();
