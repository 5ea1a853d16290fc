/** Reminders of one's tasks that have rung. The server keeps each until it was seen on one device or other; here it can be put off. */
import { outbox } from '../kernel/outbox.svelte';
import { signedIn } from '../kernel/session.svelte';
import { link } from '../kernel/start.svelte';
import { store } from '../kernel/store.svelte';
import { MINUTE } from '../kernel/time/local';
import { PARVIS_TASKS, TaskReminderType, type TaskReminder } from './types';

const KEPT = 'parvis-tasks-later';

function kept(): Record<string, number> {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? '{}') as Record<string, number>;
  } catch {
    return {};
  }
}

class Reminders {
  /** Until when they are put off, by id. */
  private later = $state.raw(kept());
  private now = $state(Date.now());

  private get home(): string {
    return link.session?.primaryAccounts[PARVIS_TASKS] ?? '';
  }

  /** When it rings here: as the server said, or after it was put off. */
  at({ id, at }: TaskReminder): number {
    return this.later[id] ?? Date.parse(at);
  }

  /** Those that ring, the newest last. Reactive. */
  get due(): TaskReminder[] {
    return store.list(TaskReminderType, this.home).filter(({ id }) => !(this.later[id]! > this.now)).toSorted((a, b) => this.at(a) - this.at(b));
  }

  /** Waits for the next that was put off; call inside an effect. */
  wait(): (() => void) | undefined {
    const next = Math.min(...Object.values(this.later).filter((at) => at > this.now));
    if (!Number.isFinite(next)) return undefined;
    const timer = setTimeout(() => (this.now = Date.now()), next - Date.now() + 50);
    return () => clearTimeout(timer);
  }

  putOff({ id }: TaskReminder, minutes: number): void {
    const there = new Set(store.list(TaskReminderType, this.home).map((one) => one.id));
    const still = Object.entries(this.later).filter(([one]) => there.has(one));
    this.later = { ...Object.fromEntries(still), [id]: Date.now() + minutes * MINUTE };
    this.now = Date.now();
    localStorage.setItem(KEPT, JSON.stringify(this.later));
  }

  close(...seen: TaskReminder[]): void {
    outbox.destroy(TaskReminderType, this.home, seen.map(({ id }) => id), { undoable: false });
  }
}

export const reminders = new Reminders();
signedIn.leaving(async () => localStorage.removeItem(KEPT));
