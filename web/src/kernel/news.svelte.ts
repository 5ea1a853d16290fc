/**
 * What others did that concerns the person, of all features: kinds of JMAP that are in the person's own account until they were
 * seen (ShareNotification of RFC 9670 §3, and those like it). Features say which, and what is said of one.
 */
import type { Lazy } from './features';
import { jmap } from './jmap';
import { defineType } from './store.svelte';
import { sync } from './sync';

export interface Told {
  id: string;
  created: string;
  changedBy: { name: string; email?: string | null; uri?: string | null };
  /** What they said of it. */
  comment?: string | null;
}

export interface NewsWords<T> {
  say: (one: T) => string;
  /** Shows what it is about; undefined where that is gone. */
  open: (one: T) => (() => void) | undefined;
}

/** One that is shown. */
export interface Item {
  kind: string;
  one: Told;
  said: string;
  show: (() => void) | undefined;
}

interface Kind {
  name: string;
  words: Lazy<NewsWords<Told>>;
}

/** As many of a kind are shown at once. */
const MOST = 100;

class News {
  private readonly kinds: Kind[] = [];
  private account = '';
  private under: Promise<void> | null = null;
  private again = false;
  /** How many there are. Reactive. */
  count = $state(0);
  /** The newest first, while they are looked at. Reactive. */
  items = $state.raw<Item[] | null>(null);

  /** A kind of JMAP (`TaskNotification`), and what is said of one. */
  add<T extends Told>(name: string, words: Lazy<NewsWords<T>>): void {
    this.kinds.push({ name, words: words as unknown as Lazy<NewsWords<Told>> });
  }

  /** Counts those of an account, from now on. */
  begin(account: string): void {
    if (this.account) return;
    this.account = account;
    for (const { name } of this.kinds) {
      sync.register(defineType({ name }));
      sync.watch({ account, typeName: name, refresh: () => this.ask() });
    }
    void this.ask();
  }

  /** Fetches them to be looked at, until `rest`. */
  open(): void {
    this.items = [];
    void this.ask();
  }

  rest(): void {
    this.items = null;
  }

  /** They have been seen. */
  async close(...seen: Item[]): Promise<void> {
    this.items = this.items?.filter((item) => !seen.includes(item)) ?? null;
    this.count -= seen.length;
    const batch = jmap.batch();
    for (const { name } of this.kinds) {
      const destroy = seen.filter(({ kind }) => kind === name).map(({ one }) => one.id);
      if (destroy.length) batch.add(`${name}/set`, { accountId: this.account, destroy });
    }
    await batch.send().catch(() => undefined); // what the server did not hear of comes back
    await this.ask();
  }

  /** One question after the other: no older answer takes the place of a newer one. */
  private ask(): Promise<void> {
    this.again = this.under !== null;
    this.under ??= this.look().catch(() => undefined).finally(() => {
      this.under = null;
      if (this.again) void this.ask();
    });
    return this.under;
  }

  private async look(): Promise<void> {
    const looked = this.items !== null;
    const batch = jmap.batch();
    const asked = this.kinds.map(({ name, words }) => {
      const found = batch.add<{ total: number }>(`${name}/query`, { accountId: this.account, sort: [{ property: 'created', isAscending: false }], limit: looked ? MOST : 1, calculateTotal: true });
      const got = looked ? batch.add<{ list: Told[] }>(`${name}/get`, { accountId: this.account, '#ids': found.ref('/ids') }) : null;
      return { name, words, found, got };
    });
    await batch.send();
    let count = 0;
    const items: Item[] = [];
    for (const { name, words, found, got } of asked) {
      count += (await found.answer).total;
      if (!got) continue;
      const { say, open } = await words();
      for (const one of (await got.answer).list) items.push({ kind: name, one, said: say(one), show: open(one) });
    }
    this.count = count;
    if (looked && this.items) this.items = items.sort(({ one: a }, { one: b }) => b.created.localeCompare(a.created) || b.id.localeCompare(a.id));
  }
}

export const news = new News();
