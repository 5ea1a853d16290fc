/** What is known of the identities of people, and of their devices. */
import { SvelteMap } from 'svelte/reactivity';
import { sealing } from './sealing.svelte';
import type { Person } from './types';

class Persons {
  private readonly known = new SvelteMap<string, Person>();
  private readonly asked = new Set<string>();

  constructor() {
    sealing.on((news) => {
      if ('people' in news) for (const user of news.people) if (this.asked.has(user)) void this.ask(user);
    });
  }

  /** Reactive; undefined while that is asked. */
  of(user: string): Person | undefined {
    if (!this.asked.has(user)) {
      this.asked.add(user);
      void this.ask(user);
    }
    return this.known.get(user);
  }

  private async ask(user: string): Promise<void> {
    await Promise.resolve(); // what is drawn just now asks, and changes nothing
    try {
      this.known.set(user, await (await sealing.open()).person(user));
    } catch {
      this.asked.delete(user);
    }
  }

  /** Takes somebody's identity as it is now. */
  async take(user: string): Promise<void> {
    await (await sealing.open()).takeChange(user);
    await this.ask(user);
  }
}

export const persons = new Persons();
