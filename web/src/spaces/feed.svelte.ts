/** What is next and what is new in one space: the newest things with their names, asked for again when anything in its account changes. */
import type { AnyComponent } from '../kernel/commands.svelte';
import { jmap } from '../kernel/jmap';
import { store } from '../kernel/store.svelte';
import { coming, type Coming } from './coming';
import { LOOKS } from './things';
import { SPACES, type Happening } from './types';

const MOST = 50;

export interface Told extends Happening {
  name: string;
  by: string;
  /** The principal who did it; empty where the thing does not say. */
  who: string;
  /** What it is called: its type, or what it is besides. */
  word: string;
  icon: AnyComponent;
}

interface Answer {
  list: Record<string, unknown>[];
}

export class Feed {
  list = $state.raw<Told[]>([]);
  next = $state.raw<Coming[]>([]);
  status = $state<'loading' | 'ready' | 'failed'>('loading');
  private again: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly space: string) {}

  /** Loads, and loads anew after changes; returns what ends that. */
  follow(): () => void {
    void this.load();
    const stop = store.onChange(({ account }) => {
      if (account === this.space) this.soon();
    });
    const timer = setInterval(() => document.visibilityState === 'visible' && this.soon(), 60_000);
    return () => {
      stop();
      clearInterval(timer);
      clearTimeout(this.again);
    };
  }

  private soon(): void {
    clearTimeout(this.again);
    this.again = setTimeout(() => void this.load(), 800);
  }

  async load(): Promise<void> {
    try {
      [this.list, this.next] = await Promise.all([this.happenings().then((found) => this.names(found)), coming(this.space)]);
      this.status = 'ready';
    } catch {
      if (this.status !== 'ready') this.status = 'failed';
    }
  }

  private async happenings(): Promise<Happening[]> {
    const accountId = jmap.primary(SPACES);
    const batch = jmap.batch();
    const query = batch.add('SpaceActivity/query', { accountId, filter: { spaceId: this.space, types: Object.keys(LOOKS) }, limit: MOST });
    const get = batch.add<{ list: Happening[] }>('SpaceActivity/get', { accountId, '#ids': query.ref('/ids') });
    await batch.send();
    return (await get.answer).list;
  }

  /** Things that can no longer be read are left out. */
  private async names(happenings: Happening[]): Promise<Told[]> {
    const batch = jmap.batch();
    const asked = Object.entries(LOOKS)
      .map(([type, look]) => ({ type, look, ids: happenings.filter((one) => one.type === type).map((one) => one.objectId) }))
      .filter(({ ids }) => ids.length)
      .map(({ type, look, ids }) => ({ type, look, call: batch.add<Answer>(`${type}/get`, { accountId: this.space, ids, properties: look.properties }) }));
    if (!asked.length) return [];
    await batch.send();
    const found = new Map<string, Answer['list'][number]>();
    for (const { type, look, call } of asked) {
      const answer = await call.answer.catch(() => null);
      for (const thing of answer?.list ?? []) if (look.isPlain?.(thing) ?? true) found.set(`${type} ${String(thing.id)}`, thing);
    }
    return happenings.flatMap((one) => {
      const thing = found.get(`${one.type} ${one.objectId}`);
      const look = LOOKS[one.type]!;
      if (!thing) return [];
      const { icon, word } = look.as?.(thing) ?? { icon: look.icon, word: one.type };
      return [{ ...one, name: look.name(thing), by: look.by?.(thing) ?? '', who: look.who?.(thing, one.change) ?? '', icon, word }];
    });
  }
}
