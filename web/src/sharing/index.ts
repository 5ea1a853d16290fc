/** Sharing: one dialog for whatever has `shareWith`, opened by the feature whose thing it is. */
import { fill, openShare, type Feature } from '../kernel/features';
import { withWords } from '../kernel/i18n.svelte';
import { news } from '../kernel/news.svelte';
import { asked } from './asked.svelte';

export const sharing: Feature = {
  id: 'sharing',
  title: 'sharing.title',
  start: () => {
    news.add('ShareNotification', withWords('sharing', async () => (await import('./news')).words));
    openShare.provide(async () => (request) => void (asked.request = request));
    fill('shell.overlay', async () => import('./Share.svelte'));
  },
};

/** The dialog with its words, loaded when it is first asked for. */
export const dialog = withWords('sharing', () => import('./ShareDialog.svelte'));
