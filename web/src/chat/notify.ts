/** A word to who does not look: the system's own notifications for what the server counts as new to them. */
import { tell } from '../kernel/telling';
import { t, withWords } from '../kernel/i18n.svelte';
import { data } from './data.svelte';
import { nameOf, titleOf } from './people';
import { pathTo } from './places';
import { textFor } from './text';
import type { RoomEvent, RoomState, Synced } from './types';

function counted(room: RoomState | undefined): number {
  return room ? room.unread.notification_count + Object.values(room.threads).reduce((sum, one) => sum + one.notification_count, 0) : 0;
}

/** Tells of the newest message of each room where more is unread than before. */
export function told(answer: Synced, before: Map<string, RoomState | undefined>): void {
  for (const [id, { timeline }] of Object.entries(answer.rooms?.join ?? {})) {
    const room = data.rooms.get(id);
    const event = timeline?.events.findLast(({ type, sender }) => type === 'm.room.message' && sender !== data.me);
    if (room && event && counted(room) > counted(before.get(id))) void withWords('chat', () => one(room, event))();
  }
}

async function one(room: RoomState, event: RoomEvent): Promise<void> {
  const name = nameOf(room, event.sender);
  const title = titleOf(room, data.me);
  await tell(title === name ? name : t('chat.inRoom', { name, room: title }), { body: textFor(event), tag: `chat ${room.id}`, path: pathTo(room.id) });
}
