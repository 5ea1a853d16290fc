/** Spaces: teams with members and roles, what they have in one place, and what is new there. */
import type { Feature } from '../kernel/features';
import { withWords } from '../kernel/i18n.svelte';
import { jmap } from '../kernel/jmap';
import { addMembership } from '../kernel/principals';
import { router } from '../kernel/router.svelte';
import { link } from '../kernel/start.svelte';
import { store } from '../kernel/store.svelte';
import { sync } from '../kernel/sync';
import { Boxes, Plus } from '../ui/icons';
import { SPACES, SpaceType } from './types';
import { ui } from './ui.svelte';

sync.register(SpaceType);
addMembership((account) => Object.keys(store.list(SpaceType, jmap.primary(SPACES)).find(({ id }) => id === account)?.members ?? {}));

const when = () => SPACES in (link.session?.primaryAccounts ?? {});

export const spaces: Feature = {
  id: 'spaces',
  route: 'spaces',
  title: 'spaces.title',
  icon: Boxes,
  rail: 70,
  when,
  component: withWords('spaces', () => import('./SpacesScreen.svelte')),
  commands: [
    { id: 'go.spaces', title: 'spaces.title', icon: Boxes, group: 'shell.go', run: () => router.go('/spaces') },
    {
      id: 'spaces.new',
      title: 'spaces.new',
      icon: Plus,
      group: 'spaces.title',
      run: () => {
        router.go('/spaces');
        ui.task = { kind: 'new' };
      },
    },
  ],
};
