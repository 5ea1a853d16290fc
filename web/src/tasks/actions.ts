/** What can be done to tasks: each is shown at once, goes through the outbox, and can be undone. */
import { openShare } from '../kernel/features';
import { t, type MessageKey } from '../kernel/i18n.svelte';
import { notices } from '../kernel/notices.svelte';
import { outbox, type Action } from '../kernel/outbox.svelte';
import type { Patch } from '../kernel/patch';
import { store } from '../kernel/store.svelte';
import { between, columnFor, isDone, progressOf } from './model';
import { TaskListType, TaskType, type Task, type TaskList } from './types';
import { view } from './view.svelte';

function report(key: MessageKey, holes: Record<string, string | number>, action: Action): void {
  notices.show(t(key, holes), { action: { label: t('ui.undo'), keys: 'Z', run: () => action.undo() } });
}

export function change(account: string, task: Task, patch: Patch): Action {
  return outbox.update(TaskType, account, { [task.id]: patch });
}

/** Makes a task; resolves with its id once the server has it. */
export async function create(account: string, list: TaskList, record: Record<string, unknown>): Promise<string> {
  const now = `${new Date().toISOString().slice(0, 19)}Z`;
  const made = { taskListId: list.id, progress: 'needs-action', workflowStatus: columnFor(false, list) ?? null, ...record };
  const action = outbox.create(TaskType, account, made);
  store.merge(TaskType, account, [{ priority: 0, position: '', assigneeIds: null, parentId: null, source: null, utcDue: null, created: now, updated: now, uid: '', title: '', ...made, id: action.temporary }], { save: false });
  const [id] = await action.done;
  return id as string;
}

/** Done, or to be done again. */
export function toggle(account: string, task: Task): void {
  const list = view.listOf(account, task.taskListId);
  const done = !isDone(task);
  const status = list && columnFor(done, list);
  const patch: Patch = status ? { workflowStatus: status, progress: progressOf(status, list) } : { progress: done ? 'completed' : 'needs-action' };
  const action = change(account, task, patch);
  if (done) report('tasks.completed', { name: task.title }, action);
}

export function remove(account: string, task: Task): void {
  report('tasks.deleted', { name: task.title }, outbox.destroy(TaskType, account, [task.id], { hold: 7_500 }));
  if (view.open?.id === task.id) view.close();
}

/** Puts a task into a column behind another, or first. */
export function place(account: string, task: Task, status: string, after: Task | null): void {
  const list = view.listOf(account, task.taskListId);
  if (!list) return;
  const column = view.column(status).filter(({ id }) => id !== task.id);
  const next = column[after ? column.findIndex(({ id }) => id === after.id) + 1 : 0];
  const moved = status !== task.workflowStatus;
  const position = between(after?.position ?? '', next?.position ?? '');
  const action = change(account, task, { position, ...(moved ? { workflowStatus: status, progress: progressOf(status, list) } : {}) });
  if (moved) report('tasks.placed', { name: task.title, column: columnName(status) }, action);
}

const COLUMNS: Record<string, MessageKey> = { 'needs-action': 'tasks.column.todo', 'in-process': 'tasks.column.doing', pending: 'tasks.column.waiting', completed: 'tasks.column.done', failed: 'tasks.column.failed', cancelled: 'tasks.column.cancelled' };

/** A column's name: the usual ones have theirs in the language in use. */
export function columnName(status: string): string {
  const key = COLUMNS[status];
  return key ? t(key) : status;
}

export async function createList(name: string): Promise<string> {
  const [id] = await outbox.create(TaskListType, view.home, { name: name.trim() }).done;
  return id as string;
}

export function changeList(account: string, list: TaskList, patch: Patch): void {
  outbox.update(TaskListType, account, { [list.id]: patch });
}

export function deleteList(account: string, list: TaskList): void {
  report('tasks.listDeleted', { name: list.name }, outbox.destroy(TaskListType, account, [list.id], { hold: 7_500 }));
}

export function shareList(account: string, list: TaskList): void {
  const read = ['mayReadItems'];
  const write = [...read, 'mayWriteAll', 'mayWriteOwn', 'mayUpdatePrivate', 'mayRSVP'];
  void openShare.open({
    type: TaskListType,
    accountId: account,
    id: list.id,
    name: list.name,
    levels: [
      { label: t('tasks.mayRead'), rights: read },
      { label: t('tasks.mayWrite'), rights: write },
      { label: t('tasks.mayManage'), rights: [...write, 'mayAdmin'] },
    ],
  });
}
