/** What is said of what others did to tasks that concern the person. */
import { t } from '../kernel/i18n.svelte';
import type { NewsWords } from '../kernel/news.svelte';
import { whatOf } from './model';
import { open } from './passage';
import type { TaskNotification } from './types';

export const words: NewsWords<TaskNotification> = {
  say: (one) => t(`tasks.news.${whatOf(one)}`, { name: one.changedBy.name, title: one.task.title || t('tasks.untitled') }),
  open: ({ type, taskAccountId, taskId }) => (type === 'destroyed' ? undefined : () => void open({ kind: 'Task', accountId: taskAccountId, objectId: taskId, part: '', quote: '', fileName: '' })),
};
