/** What others did to tasks that concern the person, the newest first: TaskNotification, until it was seen. */
import { untrack } from 'svelte';
import { outbox } from '../kernel/outbox.svelte';
import { Query } from '../kernel/query.svelte';
import { store } from '../kernel/store.svelte';
import { TaskNotificationType, type TaskNotification } from './types';
import { view } from './view.svelte';

/** As many as the server keeps. */
const MOST = 500;

class News {
  private query = $state.raw<Query<TaskNotification> | null>(null);

  /** Begins to ask, once the screen of tasks is there; call inside an effect. */
  begin(): void {
    const account = view.home;
    if (!account) return;
    untrack(() => {
      if (this.query) return;
      this.query = new Query({ type: TaskNotificationType, account, filter: null, sort: [{ property: 'created', isAscending: false }] });
      void this.query.start();
    });
  }

  /** How many there are. Reactive. */
  get count(): number {
    return this.query?.length ?? 0;
  }

  /** Fetches all of them; call inside an effect. */
  fill(): void {
    void this.query?.version;
    untrack(() => void this.query?.ensure(0, MOST));
  }

  /** Those that are here. Reactive. */
  get all(): TaskNotification[] {
    const found: TaskNotification[] = [];
    void this.query?.version;
    this.query?.eachLoaded((_row, id, account) => {
      const one = store.peek(TaskNotificationType, account, id);
      if (one && !('$gone' in one)) found.push(one);
    });
    return found.toSorted((a, b) => b.created.localeCompare(a.created) || b.id.localeCompare(a.id));
  }

  close(...seen: TaskNotification[]): void {
    if (seen.length) outbox.destroy(TaskNotificationType, view.home, seen.map(({ id }) => id), { undoable: false });
  }
}

export const news = new News();
