/** What a person keeps at hand: addresses in this client, in their own order, the same on all their devices. */
import { preferences } from './preferences.svelte';

class Favourites {
  /** In order. Reactive. */
  get all(): string[] {
    return preferences.value.favourites;
  }

  has(address: string): boolean {
    return this.all.includes(address);
  }

  /** Puts an address at the end, or takes it out; true when it is in now. */
  toggle(address: string): boolean {
    const on = !this.has(address);
    preferences.set({ favourites: on ? [...this.all, address] : this.all.filter((other) => other !== address) });
    return on;
  }

  /** Puts one at a place in the order. */
  move(address: string, to: number): void {
    const others = this.all.filter((other) => other !== address);
    const at = Math.max(0, Math.min(others.length, to));
    const next = [...others.slice(0, at), address, ...others.slice(at)];
    if (next.join('\n') !== this.all.join('\n')) preferences.set({ favourites: next });
  }
}

export const favourites = new Favourites();
