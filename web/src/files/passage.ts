/** Opens a file for the assistant's citations, search hits and whatever else points into files. */
import type { PassageRequest } from '../kernel/features';
import { withWords } from '../kernel/i18n.svelte';
import { panel } from '../kernel/panel.svelte';
import { router } from '../kernel/router.svelte';
import { store } from '../kernel/store.svelte';
import { FileNodeType } from './types';
import { ui } from './ui.svelte';
import { view } from './view.svelte';

export async function open({ accountId, objectId, page }: PassageRequest): Promise<void> {
  await withWords('files', () => store.load(FileNodeType, accountId, [objectId]))();
  const node = store.peek(FileNodeType, accountId, objectId);
  ui.side = 'file';
  ui.page = page ?? 1;
  if (matchMedia('(max-width: 1180px)').matches) panel.close(); // it would lie over what is opened
  router.go(view.url({ kind: 'folder', account: accountId, id: node?.parentId ?? null }, objectId));
}
