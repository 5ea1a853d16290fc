/** The contacts feature: what it adds to the shell. Its screen comes when it is opened; its people are suggested everywhere. */
import { openPassage, type Feature } from '../kernel/features';
import { addFinder } from '../kernel/finders';
import { withWords } from '../kernel/i18n.svelte';
import { link } from '../kernel/start.svelte';
import { sync } from '../kernel/sync';
import { Users } from '../ui/icons';
import { commands, load } from './commands';
import { suggestions } from './suggest.svelte';
import { AddressBookType, CardType, CONTACTS } from './types';

sync.register(AddressBookType, CardType);

export const contacts: Feature = {
  id: 'contacts',
  route: 'contacts',
  title: 'contacts.title',
  icon: Users,
  rail: 40,
  when: () => CONTACTS in (link.session?.primaryAccounts ?? {}),
  component: withWords('contacts', async () => {
    await load();
    return import('./ContactsScreen.svelte');
  }),
  commands,
  start: () => {
    addFinder((typed) => suggestions.find(typed));
    openPassage('ContactCard').provide(async () => (await import('./passage')).open);
  },
};
