/** The contacts feature: what it adds to the shell. Its screen comes when it is opened; its people are suggested everywhere. */
import { addHome, openPassage, type Feature } from '../kernel/features';
import { addFinder } from '../kernel/finders';
import { withWords } from '../kernel/i18n.svelte';
import { path, router } from '../kernel/router.svelte';
import { link } from '../kernel/start.svelte';
import { store } from '../kernel/store.svelte';
import { sync } from '../kernel/sync';
import { Users } from '../ui/icons';
import { commands, load } from './commands';
import { addressOf } from './places';
import { suggestions } from './suggest.svelte';
import { AddressBookType, CardType, CONTACTS } from './types';

sync.register(AddressBookType, CardType);

/** The first book of an account. */
function bookOf(account: string): string {
  const books = store.list(AddressBookType, account);
  const first = books.find(({ isDefault }) => isDefault) ?? books[0];
  return first ? path(...addressOf({ kind: 'book', account, id: first.id }, link.session?.primaryAccounts[CONTACTS] ?? '')) : '/contacts';
}

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
    addHome({ id: 'contacts', title: 'contacts.title', icon: Users, capability: CONTACTS, path: bookOf });
    addFinder((typed) => suggestions.find(typed));
    openPassage('AddressBook').provide(async () => ({ accountId, objectId }) => router.go(path('contacts', 'book', `${accountId}~${objectId}`)));
    openPassage('ContactCard').provide(async () => (await import('./passage')).open);
  },
};
