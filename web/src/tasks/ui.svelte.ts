/** Which of the tasks screen's dialogs are open, and what is dragged. */
import type { Task, TaskList } from './types';

class TasksUi {
  drawer = $state(false);
  /** A name is asked for: of a new list, a new column, or another one of a list or of a column. */
  naming = $state.raw<{ kind: 'list' } | { kind: 'column'; account: string; list: TaskList; status?: string } | { kind: 'rename'; account: string; list: TaskList } | null>(null);
  /** Of a list is asked when one is usually reminded. */
  reminding = $state.raw<{ account: string; list: TaskList } | null>(null);
  deleting = $state.raw<{ account: string; list: TaskList } | null>(null);
  dragged: { account: string; task: Task } | null = null;
}

export const ui = new TasksUi();
/** What is dragged carries this type; what it is, is in `ui.dragged`. */
export const DRAGGED = 'application/x-parvis-task';
