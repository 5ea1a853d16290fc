/** What can be done to tasks: each is shown at once, goes through the outbox, and can be undone. */
import { openShare } from '../kernel/features';
import { t, type MessageKey } from '../kernel/i18n.svelte';
import { jmap } from '../kernel/jmap';
import { notices } from '../kernel/notices.svelte';
import { outbox, type Action, type Undoable } from '../kernel/outbox.svelte';
import type { Patch } from '../kernel/patch';
import { reasonOf } from '../kernel/reasons';
import { store } from '../kernel/store.svelte';
import { between, columnFor, isDone, progressOf } from './model';
import { TaskListType, TaskType, type Task, type TaskList } from './types';
import { view } from './view.svelte';

function report(key: MessageKey, holes: Record<string, string | number>, action: Undoable): void {
  notices.show(t(key, holes), { action: { label: t('ui.undo'), keys: 'Z', run: () => action.undo() } });
}

export function change(account: string, task: Task, patch: Patch): Action {
  return outbox.update(TaskType, account, { [task.id]: patch });
}

/** Makes a task; resolves with its id once the server has it. */
export async function create(account: string, list: TaskList, record: Record<string, unknown>): Promise<string> {
  const now = `${new Date().toISOString().slice(0, 19)}Z`;
  const usual = record.due && (list.defaultAlertsWithTime || list.defaultAlertsWithoutTime) ? { useDefaultAlerts: true } : {};
  const made = { taskListId: list.id, progress: 'needs-action', workflowStatus: columnFor(false, list) ?? null, ...usual, ...record };
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
  if (!done || !task.recurrenceRule) {
    const action = change(account, task, patch);
    if (done) report('tasks.completed', { name: task.title }, action);
    return;
  }
  const back = series(account, task, outbox.update(TaskType, account, { [task.id]: patch }, { undoable: false }));
  outbox.remember(back);
  report('tasks.completed', { name: task.title }, back);
}

/** Takes back that a series went on to its next time: it is as it was, and without what the server put beside it as done. */
function series(account: string, task: Task, action: Action): Undoable {
  let done = true;
  const back = async () => {
    await action.done;
    const filter = { inTaskList: task.taskListId, isDone: true, title: task.title };
    const { ids } = await jmap.call<{ ids: string[] }>('Task/query', { accountId: account, filter, sort: [{ property: 'updated', isAscending: false }], limit: 5 });
    const copy = (await store.fetch(TaskType, account, ids)).find(({ relatedTo }) => relatedTo?.[task.uid]?.relation?.next);
    if (copy) outbox.destroy(TaskType, account, [copy.id], { undoable: false });
    const { start = null, due = null, recurrenceRule, recurrenceOverrides = null, checklists = null, progress, workflowStatus } = task;
    outbox.update(TaskType, account, { [task.id]: { start, due, recurrenceRule, recurrenceOverrides, checklists, progress, workflowStatus } }, { undoable: false });
  };
  return {
    undo: () => {
      if (done) void back().catch((error: Error) => notices.show(t('tasks.notDone', { reason: reasonOf(error) }), { tone: 'danger' }));
      return done && !(done = false);
    },
  };
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
  if (moved) report('tasks.placed', { name: task.title, column: columnName(status, list) }, action);
}

const COLUMNS: Record<string, MessageKey> = { 'needs-action': 'tasks.column.todo', 'in-process': 'tasks.column.doing', pending: 'tasks.column.waiting', completed: 'tasks.column.done', failed: 'tasks.column.failed', cancelled: 'tasks.column.cancelled' };

/** A column's name: the one it was given; the usual ones have theirs in the language in use. */
export function columnName(status: string, list?: Pick<TaskList, 'workflowNames'>): string {
  const key = COLUMNS[status];
  return list?.workflowNames?.[status] ?? (key ? t(key) : status);
}

/** Columns change places: what is between them stays. */
export function swapColumns(account: string, list: TaskList, one: string, other: string): void {
  const statuses = list.workflowStatuses.map((status) => (status === one ? other : status === other ? one : status));
  changeList(account, list, { workflowStatuses: statuses });
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
