/** Reminders by the system's own notifications. */
import { withWords } from '../kernel/i18n.svelte';
import { store } from '../kernel/store.svelte';
import { tell, wouldTell } from '../kernel/telling';
import { capital } from '../kernel/time/words';
import { TaskType, type Task, type TaskReminder } from './types';
import { view } from './view.svelte';
import { dueWords } from './words';

/** Where the task is shown. */
export function pathOf(account: string, task: Task): string {
  return view.url({ kind: 'list', account, id: task.taskListId }, { account, id: task.id });
}

export async function notify({ taskAccountId: account, taskId: id }: TaskReminder): Promise<void> {
  if (!wouldTell()) return;
  await withWords('tasks', () => store.load(TaskType, account, [id]))();
  const task = store.peek(TaskType, account, id);
  if (task) await tell(task.title, { body: capital(dueWords(task)), tag: `task ${id}`, path: pathOf(account, task) });
}
