/** What the tasks screen shows now: list or board, cursor, open task. The URL is the source. */
import { untrack } from 'svelte';
import { accounts, type MailAccount } from '../kernel/accounts.svelte';
import { locale } from '../kernel/i18n.svelte';
import { jmap } from '../kernel/jmap';
import { Query } from '../kernel/query.svelte';
import { path, router } from '../kernel/router.svelte';
import { link } from '../kernel/start.svelte';
import { store } from '../kernel/store.svelte';
import { slide } from '../ui/slide';
import { inOrder, isDone } from './model';
import { mine } from './mine.svelte';
import { TaskListType, TASKS, TaskType, type Task, type TaskList } from './types';

/** Tasks to do of one list that are shown; who has more looks for them. */
const MOST = 1_000;
const LAYOUTS = 'parvis-tasks-layouts';

export interface Place {
  kind: 'mine' | 'list';
  account: string;
  id: string;
}
export interface Row {
  account: string;
  id: string;
}

function keptLayouts(): Record<string, 'list' | 'board'> {
  try {
    return JSON.parse(localStorage.getItem(LAYOUTS) ?? '{}') as Record<string, 'list' | 'board'>;
  } catch {
    return {};
  }
}

class TasksView {
  /** What is to be done in the open list, but for parts of other tasks. */
  todo = $state.raw<Query<Task> | null>(null);
  done = $state.raw<Query<Task> | null>(null);
  cursor = $state(0);
  showDone = $state(false);
  private layouts = $state.raw(keptLayouts());
  private shown = '';
  /** Asks the field for a new task to take the focus; counts up. */
  focus = $state(0);

  get home(): string {
    return link.session?.primaryAccounts[TASKS] ?? jmap.primary(TASKS);
  }

  get accounts(): MailAccount[] {
    return accounts.holding(TASKS);
  }

  get place(): Place {
    const [, kind, last = ''] = router.parts;
    if (kind !== 'l' || !last) return { kind: 'mine', account: this.home, id: '' };
    const cut = last.indexOf('~');
    return { kind: 'list', account: cut < 0 ? this.home : last.slice(0, cut), id: last.slice(cut + 1) };
  }

  lists(account: string): TaskList[] {
    return store.list(TaskListType, account).toSorted((a, b) => Number(b.role === 'inbox') - Number(a.role === 'inbox') || a.sortOrder - b.sortOrder || a.name.localeCompare(b.name, locale()));
  }

  listOf(account: string, id: string): TaskList | undefined {
    return store.peek(TaskListType, account, id);
  }

  /** Whose an account is: the team's or the person's name; '' for one's own. Reactive. */
  ownerOf(account: string): string {
    return account === this.home ? '' : (this.accounts.find(({ id }) => id === account)?.short ?? '');
  }

  /** What a list is called among those of all accounts: with whose it is, or, where they have no other, by that alone. Reactive. */
  nameOf(account: string, id: string): string {
    const owner = this.ownerOf(account);
    const name = this.listOf(account, id)?.name ?? '';
    return owner && this.lists(account).length > 1 ? `${owner} · ${name}` : owner || name;
  }

  /** The open list; undefined among one's own tasks. Reactive. */
  get list(): TaskList | undefined {
    return this.place.kind === 'list' ? this.listOf(this.place.account, this.place.id) : undefined;
  }

  /** Whether the address is that of a list which is not there, or no longer. Reactive. */
  get gone(): boolean {
    const { kind, account } = this.place;
    return kind === 'list' && !this.list && !!link.session && (store.complete(TaskListType, account) || !this.accounts.some(({ id }) => id === account));
  }

  /** The list that new tasks go into, with its account. Reactive. */
  get target(): { account: string; list: TaskList } | undefined {
    const { kind, account } = this.place;
    if (this.list) return this.list.myRights.mayWriteAll || this.list.myRights.mayWriteOwn ? { account, list: this.list } : undefined;
    if (kind === 'list') return undefined;
    const list = this.lists(this.home)[0];
    return list && { account: this.home, list };
  }

  get layout(): 'list' | 'board' {
    return this.place.kind === 'list' ? (this.layouts[this.place.id] ?? 'list') : 'list';
  }

  setLayout(layout: 'list' | 'board'): void {
    this.layouts = { ...this.layouts, [this.place.id]: layout };
    localStorage.setItem(LAYOUTS, JSON.stringify(this.layouts));
  }

  url(place: Place, open: Row | null = null): string {
    const first = place.kind === 'mine' ? ['tasks'] : ['tasks', 'l', place.account === this.home ? place.id : `${place.account}~${place.id}`];
    return path(...first) + (open ? `?open=${encodeURIComponent(open.account === this.home ? open.id : `${open.account}~${open.id}`)}` : '');
  }

  /** The open task. Reactive. */
  get open(): Row | null {
    const key = router.query.get('open');
    if (!key) return null;
    const cut = key.indexOf('~');
    return { account: cut < 0 ? this.home : key.slice(0, cut), id: key.slice(cut + 1) };
  }

  get task(): Task | undefined {
    return this.open ? store.read(TaskType, this.open.account, this.open.id) : undefined;
  }

  mayWrite(account: string, task: Task): boolean {
    const rights = this.listOf(account, task.taskListId)?.myRights;
    return !!rights && (rights.mayWriteAll || rights.mayWriteOwn);
  }

  /** Follows the URL; call inside an effect. */
  follow(): void {
    if (router.parts[0] !== 'tasks' || !this.home) return;
    const { kind, account, id } = this.place;
    untrack(() => {
      const key = `${kind} ${account} ${id}`;
      if (key === this.shown) return;
      this.shown = key;
      this.todo?.close();
      this.done?.close();
      this.todo = this.done = null;
      this.cursor = 0;
      this.showDone = false;
      if (kind === 'mine') void mine.begin();
      else {
        this.todo = this.query(account, id, false);
        this.done = this.query(account, id, true);
        void this.todo.start().then(() => this.todo?.ensure(0, MOST));
        void this.done.start();
      }
    });
  }

  private query(account: string, id: string, done: boolean): Query<Task> {
    return new Query<Task>({
      type: TaskType,
      account,
      filter: { inTaskList: id, isDone: done, hasParent: false },
      sort: done ? [{ property: 'updated', isAscending: false }] : [{ property: 'workflowStatus' }, { property: 'position' }],
      matches: (task) => belongs(task, id, done),
    });
  }

  /** More to do may have come than is here; call inside an effect. */
  fill(): void {
    void this.todo?.version;
    untrack(() => void this.todo?.ensure(0, MOST));
  }

  /** What a query has, before it what has just come over from the other one: both change when the server tells. */
  private held(query: Query<Task> | null, other: Query<Task> | null): Task[] {
    void [query?.version, other?.version];
    const { account, id } = this.place;
    const found = new Map<string, Task>();
    other?.eachHidden((one) => {
      const task = store.peek(TaskType, account, one);
      if (task && !('$gone' in task) && belongs(task, id, query === this.done)) found.set(one, task);
    });
    query?.eachLoaded((_row, one) => {
      const task = store.peek(TaskType, account, one);
      if (task) found.set(one, task);
    });
    return [...found.values()];
  }

  /** Everything to do of the open list, in the order of its board. Reactive. */
  get todos(): Task[] {
    return inOrder(this.held(this.todo, this.done), this.list?.workflowStatuses ?? []);
  }

  /** What was done, the latest first. Reactive. */
  get dones(): Task[] {
    return this.held(this.done, this.todo);
  }

  /** The cards of a column, in their order. Reactive. */
  column(status: string): Task[] {
    const found = [...this.todos, ...this.dones].filter((task) => task.workflowStatus === status);
    return found.sort((a, b) => (a.position < b.position ? -1 : 1));
  }

  /** The rows of the list as they are shown. Reactive. */
  get rows(): Row[] {
    if (this.place.kind === 'mine') return mine.rows;
    const { account } = this.place;
    return [...this.todos, ...(this.showDone ? this.dones : [])].map(({ id }) => ({ account, id }));
  }

  at(row: number): { account: string; task: Task } | undefined {
    const found = this.rows[row];
    const task = found && store.peek(TaskType, found.account, found.id);
    return task && { account: found.account, task };
  }

  openTask(row: Row): void {
    slide(() => router.go(this.url(this.place, row), { replace: this.open !== null }));
  }

  openRow(row: number): void {
    const found = this.rows[row];
    if (!found) return;
    this.cursor = row;
    this.openTask(found);
  }

  close(): void {
    slide(() => router.go(this.url(this.place)));
  }

  /** Sets the cursor on the open task wherever the list has it; call inside an effect. */
  find(): void {
    const { open, rows } = this;
    const row = open ? rows.findIndex(({ account, id }) => account === open.account && id === open.id) : -1;
    if (row >= 0) untrack(() => (this.cursor = row));
  }

  /** What is open, else the row under the cursor. */
  get targeted(): { account: string; task: Task } | undefined {
    return this.open && this.task ? { account: this.open.account, task: this.task } : this.at(this.cursor);
  }
}

function belongs(task: Task, list: string, done: boolean): boolean {
  return task.taskListId === list && isDone(task) === done && !task.parentId;
}

export const view = new TasksView();
