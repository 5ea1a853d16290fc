/** Who is in a room: asked for when all are needed, since `/sync` tells only of those who speak. */
import { data } from './data.svelte';
import { ask, room as inRoom } from './matrix';
import type { RoomEvent } from './types';

/** All who are in a room, are invited to it or ask to come in are then known here. Throws MatrixError. */
export async function fetchMembers(id: string): Promise<void> {
  const { chunk } = await ask<{ chunk: RoomEvent[] }>('GET', inRoom(id, 'members'));
  const room = data.rooms.get(id);
  if (room) data.put({ ...room, state: { ...room.state, ...Object.fromEntries(chunk.map((event) => [`${event.type}\n${event.state_key}`, event])) } });
}
