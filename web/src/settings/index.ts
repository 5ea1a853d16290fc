/** The settings: what a person chooses, whom they let in, and what the server and the assistant do for them. */
import type { Feature } from '../kernel/features';
import { withWords } from '../kernel/i18n.svelte';
import { router } from '../kernel/router.svelte';
import { Settings } from '../ui/icons';

export const settings: Feature = {
  id: 'settings',
  route: 'settings',
  title: 'settings.title',
  icon: Settings,
  rail: 95,
  component: withWords('settings', () => import('./SettingsScreen.svelte')),
  commands: [{ id: 'go.settings', title: 'settings.title', icon: Settings, group: 'shell.go', run: () => router.go('/settings') }],
};
