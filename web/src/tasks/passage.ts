/** Opens a task for search hits and citations, and makes one of whatever another room names. */
import type { PassageRequest, TaskRequest } from '../kernel/features';
import { t } from '../kernel/i18n.svelte';
import { notices } from '../kernel/notices.svelte';
import { panel } from '../kernel/panel.svelte';
import { reasonOf } from '../kernel/reasons';
import { router } from '../kernel/router.svelte';
import { store } from '../kernel/store.svelte';
import { create } from './actions';
import { TaskType } from './types';
import { view } from './view.svelte';

export async function open({ accountId, objectId }: PassageRequest): Promise<void> {
  await store.load(TaskType, accountId, [objectId]);
  const list = store.peek(TaskType, accountId, objectId)?.taskListId;
  if (matchMedia('(max-width: 1180px)').matches) panel.close(); // it would lie over what is opened
  router.go(view.url(list ? { kind: 'list', account: accountId, id: list } : { kind: 'mine', account: view.home, id: '' }, { account: accountId, id: objectId }));
}

/** In one key: a task of this name that leads back, in one's own first list. */
export async function make({ title, source }: TaskRequest): Promise<void> {
  const list = view.lists(view.home)[0];
  if (!list) return;
  try {
    const from = 'path' in source ? { links: { from: { '@type': 'Link', href: location.origin + source.path, rel: 'via', title: source.name } } } : { source };
    const id = await create(view.home, list, { title, ...from });
    notices.show(t('tasks.made', { name: title }), { action: { label: t('tasks.open'), run: () => void open({ kind: 'Task', accountId: view.home, objectId: id, part: '', quote: '', fileName: '' }) } });
  } catch (error) {
    notices.show(t('tasks.notDone', { reason: reasonOf(error) }), { tone: 'danger' });
  }
}
