/** Mailing lists: which one reads, and for moderators what waits for them. A part of the settings. */
import { fill, type Feature } from '../../kernel/features';
import { withWords } from '../../kernel/i18n.svelte';
import { router } from '../../kernel/router.svelte';
import { Users } from '../../ui/icons';

export const lists: Feature = {
  id: 'lists',
  title: 'lists.title',
  icon: Users,
  commands: [{ id: 'go.lists', title: 'lists.title', icon: Users, group: 'shell.go', run: () => router.go('/settings/lists') }],
  start: () => fill('settings.lists', withWords('lists', () => import('./ListsPart.svelte'))),
};
