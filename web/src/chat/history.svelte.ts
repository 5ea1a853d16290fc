/** What was said before: pages of a room, and topics whose beginning is further back. */
import { untrack } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';
import { sealing } from './crypto/sealing.svelte';
import { data } from './data.svelte';
import { ask, room as inRoom } from './matrix';
import { backOf, older } from './reduce';
import type { RoomEvent } from './types';

const PAGE = 50;
const FAR = 100;
const MOST_PAGES = 40;
const LAZY = JSON.stringify({ lazy_load_members: true });

type Page = { chunk: RoomEvent[]; end?: string; state?: RoomEvent[] };

class History {
  /** Rooms of which a page is on its way. Reactive. */
  private readonly coming = new SvelteMap<string, Promise<void>>();
  /** Events of topics that are not in the timeline of their room, by root. Reactive. */
  private readonly topics = new SvelteMap<string, RoomEvent[]>();

  isComing(id: string): boolean {
    return this.coming.has(id);
  }

  /** Fetches the page before what is here. Throws MatrixError. */
  async more(id: string, limit = PAGE): Promise<void> {
    const under = this.coming.get(id);
    if (under) return under;
    const known = data.rooms.get(id);
    const from = known && (backOf(known) ?? (known.timeline[0] ? await this.tokenBefore(known.id, known.timeline[0].event_id) : ''));
    if (!from) return;
    const page = ask<Page>('GET', inRoom(id, 'messages'), { query: { dir: 'b', from, limit, filter: LAZY } })
      .then(async (answer) => {
        const chunk = await sealing.opened(id, answer.chunk);
        const now = data.rooms.get(id);
        if (now) data.put(older(now, { ...answer, chunk }));
      })
      .finally(() => this.coming.delete(id));
    this.coming.set(id, page);
    return page;
  }

  private async tokenBefore(id: string, event: string): Promise<string> {
    return (await ask<{ start: string }>('GET', inRoom(id, 'context', event), { query: { limit: 0, filter: LAZY } })).start;
  }

  /** Fetches pages until an event is here; false when it is not to be found. */
  async reach(id: string, event: string): Promise<boolean> {
    for (let page = 0; page < MOST_PAGES; page++) {
      const room = data.rooms.get(id);
      if (!room) return false;
      if (room.timeline.some(({ event_id }) => event_id === event)) return true;
      if (backOf(room) === '') return false;
      await this.more(id, FAR);
    }
    return false;
  }

  /** One event, from here or from the server. Not reactive: what comes in the room asks for it no more. Throws MatrixError. */
  async event(id: string, event: string): Promise<RoomEvent> {
    const here = untrack(() => data.rooms.get(id)?.timeline.find(({ event_id }) => event_id === event) ?? [...this.topics.values()].flat().find(({ event_id }) => event_id === event));
    return here ?? (await sealing.opened(id, [await ask<RoomEvent>('GET', inRoom(id, 'event', event))]))[0]!;
  }

  /** All that is known of a topic and what is about it, in order. Reactive. */
  topic(id: string, root: string): RoomEvent[] {
    const timeline = data.rooms.get(id)?.timeline ?? [];
    const known = new Set(timeline.map(({ event_id }) => event_id));
    return [...(this.topics.get(root) ?? []).filter(({ event_id }) => !known.has(event_id)), ...timeline];
  }

  /** Fetches a topic whose beginning is not in the timeline. Throws MatrixError. */
  async loadTopic(id: string, root: string): Promise<void> {
    if (data.rooms.get(id)?.timeline.some(({ event_id }) => event_id === root) || this.topics.has(root)) return;
    const [first, answers] = await Promise.all([
      ask<RoomEvent>('GET', inRoom(id, 'event', root)),
      ask<Page>('GET', ['client', 'v1', 'rooms', id, 'relations', root], { query: { limit: FAR, recurse: 'true' } }),
    ]);
    this.topics.set(root, await sealing.opened(id, [first, ...answers.chunk.toReversed()]));
  }

  /** The topics of a room, the one that was written in last first. Throws MatrixError. */
  async list(id: string): Promise<RoomEvent[]> {
    return sealing.opened(id, (await ask<Page>('GET', ['client', 'v1', 'rooms', id, 'threads'], { query: { limit: 50 } })).chunk);
  }
}

export const history = new History();
