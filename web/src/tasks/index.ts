/** The tasks feature: what it adds to the shell. Its screen comes when it is opened. */
import { addHome, fill, makeTask, openPassage, type Feature } from '../kernel/features';
import { withWords } from '../kernel/i18n.svelte';
import { news } from '../kernel/news.svelte';
import { path, router } from '../kernel/router.svelte';
import { link } from '../kernel/start.svelte';
import { store } from '../kernel/store.svelte';
import { sync } from '../kernel/sync';
import { ListChecks } from '../ui/icons';
import { commands, load } from './commands';
import { TaskListType, TaskReminderType, TASKS, TaskType } from './types';

sync.register(TaskListType, TaskType, TaskReminderType);

/** The first list of an account. */
function boardOf(account: string): string {
  const lists = store.list(TaskListType, account);
  const first = lists.find(({ role }) => role === 'inbox') ?? lists[0];
  return first ? path('tasks', 'l', `${account}~${first.id}`) : '/tasks';
}

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
    addHome({ id: 'tasks', title: 'tasks.title', icon: ListChecks, capability: TASKS, path: boardOf });
    openPassage('TaskList').provide(async () => ({ accountId, objectId }) => router.go(path('tasks', 'l', `${accountId}~${objectId}`)));
    openPassage('Task').provide(async () => (await import('./passage')).open);
    if (!isThere()) return;
    fill('shell.top', () => import('./Over.svelte'));
    news.add('TaskNotification', withWords('tasks', async () => (await import('./news')).words));
    makeTask.provide(withWords('tasks', async () => (await import('./passage')).make));
  },
};
