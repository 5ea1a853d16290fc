/** Encrypted events, and what they say once they are opened. Pure. */
import type { RoomEvent } from '../types';
import type { Opened } from './types';

export const ENCRYPTED = 'm.room.encrypted';

function bundled(event: RoomEvent): RoomEvent[] {
  const about = event.unsigned?.['m.relations'];
  return [about?.['m.replace'], about?.['m.thread']?.latest_event].filter((one) => one !== undefined);
}

/** Those that have something to be opened, the newest edit and answer that stand beside others too. */
export function sealedIn(events: RoomEvent[]): RoomEvent[] {
  return events.flatMap((event) => [event, ...bundled(event)]).filter(({ type, content }) => type === ENCRYPTED && 'ciphertext' in content);
}

/** The session whose key an encrypted event needs. */
export function sessionOf(event: RoomEvent): string {
  return String(event.content.session_id ?? '');
}

function one(event: RoomEvent, found: Opened | undefined): RoomEvent {
  if (!found) return event;
  if ('lost' in found) return { ...event, sealed: { lost: found.lost } };
  const about = event.content['m.relates_to'] ?? found.content['m.relates_to'];
  return { ...event, type: found.type, content: about ? { ...found.content, 'm.relates_to': about } : found.content, sealed: found.shield ? { shield: found.shield } : {} };
}

/** The same events with what is known of them by their ids; what did not change is the same object. */
export function withOpened(events: RoomEvent[], opened: ReadonlyMap<string, Opened>): RoomEvent[] {
  if (!opened.size) return events;
  return events.map((event) => {
    const { unsigned } = event;
    const about = unsigned?.['m.relations'];
    const next = one(event, opened.get(event.event_id));
    if (!about || !bundled(event).some(({ event_id: id }) => opened.has(id))) return next;
    const [edit, thread] = [about['m.replace'], about['m.thread']];
    return {
      ...next,
      unsigned: {
        ...unsigned,
        'm.relations': {
          ...about,
          ...(edit ? { 'm.replace': one(edit, opened.get(edit.event_id)) } : {}),
          ...(thread ? { 'm.thread': { ...thread, latest_event: one(thread.latest_event, opened.get(thread.latest_event.event_id)) } } : {}),
        },
      },
    };
  });
}
