/** What is new in rooms, by topic, for a summary. */
import { jmap } from '../kernel/jmap';
import { CHAT, type RoomState } from './types';

export interface MissedMessage {
  id: string;
  roomId: string;
  eventId: string;
  threadId: string | null;
}
export interface Part {
  key: string;
  room: RoomState;
  /** The root of the topic; empty for what was said in the room itself. */
  thread: string;
  messages: MissedMessage[];
}

const MOST_ROOMS = 50;

/** Whether there may be something in a room that was not read. */
export function mayBeNew(room: RoomState): boolean {
  return room.membership === 'join' && (room.unread.notification_count > 0 || room.markedUnread || Object.values(room.threads).some((one) => one.notification_count > 0));
}

/** In the order of the rooms, and in each of the server's: the room itself first, then its topics. */
export function partsOf(rooms: RoomState[], list: MissedMessage[]): Part[] {
  const parts = new Map<string, Part>();
  for (const room of rooms) {
    for (const message of list.filter(({ roomId }) => roomId === room.id)) {
      const thread = message.threadId ?? '';
      const key = `${room.id} ${thread}`;
      const part = parts.get(key) ?? { key, room, thread, messages: [] };
      parts.set(key, { ...part, messages: [...part.messages, message] });
    }
  }
  return [...parts.values()];
}

/** Asks what is new; `since` is what had been read when the one room was opened. */
export async function askMissed(rooms: RoomState[], since = ''): Promise<{ parts: Part[]; closed: RoomState[] }> {
  const wanted = rooms.slice(0, MOST_ROOMS);
  const given = Object.fromEntries(wanted.map((room) => [room.id, since || null]));
  const { list, closed } = await jmap.call<{ list: MissedMessage[]; closed: string[] }>('RoomEvent/missed', { accountId: jmap.primary(CHAT), rooms: given });
  return { parts: partsOf(wanted, list), closed: wanted.filter(({ id }) => closed.includes(id)) };
}
