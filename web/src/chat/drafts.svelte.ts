/** What is being written, by room and topic: it is there again after a reload. */
import { SvelteMap } from 'svelte/reactivity';
import { db } from '../kernel/db';
import type { Mention } from './compose';
import type { RoomEvent } from './types';

export interface Draft {
  text: string;
  mentions: Mention[];
  /** What is answered. */
  reply?: RoomEvent;
  /** What is changed. */
  edit?: RoomEvent;
}

const NAME = 'chat draft ';
const EMPTY: Draft = { text: '', mentions: [] };

class Drafts {
  private readonly known = new SvelteMap<string, Draft>();
  private readonly asked = new Set<string>();

  /** Reactive. */
  of(place: string): Draft {
    if (!this.asked.has(place)) {
      this.asked.add(place);
      void db.get<Draft>('meta', NAME + place).then((kept) => kept && !this.known.has(place) && this.known.set(place, kept));
    }
    return this.known.get(place) ?? EMPTY;
  }

  set(place: string, draft: Draft): void {
    this.asked.add(place);
    this.known.set(place, draft);
    const empty = !draft.text && !draft.reply && !draft.edit;
    void db.write([{ store: 'meta', key: NAME + place, value: empty ? undefined : $state.snapshot(draft) }]).catch(() => undefined);
  }

  change(place: string, change: Partial<Draft>): void {
    this.set(place, { ...this.of(place), ...change });
  }

  clear(place: string): void {
    this.set(place, EMPTY);
  }

  /** Whether something was begun there. Reactive. */
  begun(place: string): boolean {
    return !!this.known.get(place)?.text.trim();
  }
}

export const drafts = new Drafts();

/** The name of a place where something is written. */
export function placeOf(room: string, thread = ''): string {
  return `${room} ${thread}`;
}
