/** The tasks feature: what it adds to the shell. Its screen comes when it is opened. */
import { makeTask, openPassage, type Feature } from '../kernel/features';
import { withWords } from '../kernel/i18n.svelte';
import { link } from '../kernel/start.svelte';
import { sync } from '../kernel/sync';
import { ListChecks } from '../ui/icons';
import { commands, load } from './commands';
import { TaskListType, TASKS, TaskType } from './types';

sync.register(TaskListType, TaskType);

const isThere = () => TASKS in (link.session?.primaryAccounts ?? {});

export const tasks: Feature = {
  id: 'tasks',
  route: 'tasks',
  title: 'tasks.title',
  icon: ListChecks,
  rail: 50,
  when: isThere,
  component: withWords('tasks', async () => {
    await load();
    return import('./TasksScreen.svelte');
  }),
  commands,
  start: () => {
    openPassage('Task').provide(async () => (await import('./passage')).open);
    if (isThere()) makeTask.provide(withWords('tasks', async () => (await import('./passage')).make));
  },
};
