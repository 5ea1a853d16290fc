/** The features of this client: one line each. Deleting a feature is deleting its folder and its line. */
import { commands } from '../kernel/commands.svelte';
import type { Feature } from '../kernel/features';
import { admin } from '../admin';
import { assistant } from '../assistant';
import { contacts } from '../contacts';
import { calendar } from '../calendar';
import { files } from '../files';
import { chat } from '../chat';
import { compose } from '../mail/compose';
import { filters } from '../mail/filters';
import { lists } from '../mail/lists';
import { mail } from '../mail';
import { vault } from '../mail/vault';
import { search } from '../search';
import { settings } from '../settings';
import { tasks } from '../tasks';
import { sharing } from '../sharing';
import { spaces } from '../spaces';
import { shellCommands } from './commands';

export const features: Feature[] = [
  mail,
  compose,
  filters,
  lists,
  vault,
  contacts,
  tasks,
  chat,
  calendar,
  files,
  assistant,
  search,
  sharing,
  spaces,
  admin,
  settings,
  { id: 'open', route: 'open', title: 'ui.loading', component: () => import('./OpenScreen.svelte') },
];

/** Whether a feature is there for whoever is signed in. Reactive. */
export function isThere(feature: Feature): boolean {
  return feature.when?.() ?? true;
}

export function featureOf(route: string | undefined): Feature | undefined {
  return features.find((feature) => feature.route === route && isThere(feature));
}

export function registerFeatures(): void {
  // What a feature can do is there only where the feature is.
  for (const feature of features) commands.add(...(feature.commands ?? []).map((command) => ({ ...command, when: () => isThere(feature) && (command.when?.() ?? true) })));
  commands.add(...shellCommands());
}
