/** Opens a card for search hits, citations and whatever else points into contacts. */
import type { PassageRequest } from '../kernel/features';
import { panel } from '../kernel/panel.svelte';
import { router } from '../kernel/router.svelte';
import { store } from '../kernel/store.svelte';
import { CardType } from './types';
import { view } from './view.svelte';

export async function open({ accountId, objectId }: PassageRequest): Promise<void> {
  await store.load(CardType, accountId, [objectId]);
  const [book = ''] = Object.keys(store.peek(CardType, accountId, objectId)?.addressBookIds ?? {});
  if (matchMedia('(max-width: 1180px)').matches) panel.close(); // it would lie over what is opened
  router.go(view.url(accountId === view.home || !book ? { kind: 'all', account: view.home, id: '' } : { kind: 'book', account: accountId, id: book }, { open: objectId }));
}
