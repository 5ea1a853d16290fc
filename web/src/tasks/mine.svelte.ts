/** One's own tasks over all lists of all accounts, the next due first. They are asked for again when tasks change. */
import { jmap } from '../kernel/jmap';
import { link } from '../kernel/start.svelte';
import { store } from '../kernel/store.svelte';
import { isDone } from './model';
import { TASKS, TaskType } from './types';

const MOST = 300;
const LATER = 400;

interface Found {
  accountId: string;
  id: string;
}

class Mine {
  private found = $state.raw<Found[]>([]);
  status = $state<'empty' | 'loading' | 'ready' | 'failed'>('empty');
  private end: (() => void) | null = null;
  private under: Promise<void> | null = null;
  private again = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** As they are shown: what has just been done is not. Reactive. */
  get rows(): { account: string; id: string }[] {
    return this.found
      .map(({ accountId, id }) => ({ account: accountId, id }))
      .filter(({ account, id }) => {
        const task = store.peek(TaskType, account, id);
        return task && !isDone(task) && !('$gone' in task);
      });
  }

  async begin(): Promise<void> {
    this.end ??= store.onChange(({ type }) => {
      if (type !== TaskType.name) return;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void this.ask(), LATER);
    });
    await this.ask();
  }

  /** One question after the other: no older answer takes the place of a newer one. */
  ask(): Promise<void> {
    this.again = this.under !== null;
    this.under ??= this.look().finally(() => {
      this.under = null;
      if (this.again) void this.ask();
    });
    return this.under;
  }

  private async look(): Promise<void> {
    const accountId = link.session?.primaryAccounts[TASKS];
    if (!accountId) return;
    if (this.status === 'empty') this.status = 'loading';
    try {
      const { list } = await jmap.call<{ list: Found[] }>('Task/mine', { accountId, limit: MOST });
      const missing = new Map<string, string[]>();
      for (const { accountId: account, id } of list) {
        if (store.entry(TaskType, account, id).status === 'empty') missing.set(account, [...(missing.get(account) ?? []), id]);
      }
      await Promise.all([...missing].map(([account, ids]) => store.load(TaskType, account, ids)));
      if (JSON.stringify(list) !== JSON.stringify(this.found)) this.found = list;
      this.status = 'ready';
    } catch {
      if (this.status !== 'ready') this.status = 'failed';
    }
  }
}

export const mine = new Mine();
