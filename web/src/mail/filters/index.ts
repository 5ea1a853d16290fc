/** Filters of incoming mail: a part of the settings, and what messages and searches offer. Loaded when it is opened. */
import { fill, type Feature } from '../../kernel/features';
import { withWords } from '../../kernel/i18n.svelte';
import { router } from '../../kernel/router.svelte';
import { ListFilter } from '../../ui/icons';

export const filters: Feature = {
  id: 'filters',
  title: 'filters.title',
  icon: ListFilter,
  commands: [
    { id: 'go.filters', title: 'filters.title', icon: ListFilter, group: 'shell.go', run: () => router.go('/settings/filters') },
    { id: 'filters.new', title: 'filters.new', icon: ListFilter, group: 'mail.title', run: () => router.go('/settings/filters/new') },
  ],
  start: () => fill('settings.filters', withWords('filters', () => import('./FiltersPart.svelte'))),
};

/** The dialog that says why a message is where it is. */
export const loadWhy = withWords('filters', () => import('./Why.svelte'));
