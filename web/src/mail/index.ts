/** The mail feature: what it adds to the shell. Its screen is the first of most visits and comes with the first load. */
import { addHome, fill, openCompose, openPassage, type Feature } from '../kernel/features';
import { addFinder, type Choice } from '../kernel/finders';
import { t } from '../kernel/i18n.svelte';
import { MAIL } from '../kernel/jmap';
import { path, router } from '../kernel/router.svelte';
import { store } from '../kernel/store.svelte';
import { sync } from '../kernel/sync';
import { match } from '../ui/Palette.svelte';
import { Folder, Mail } from '../ui/icons';
import Conversation from './Conversation.svelte';
import MailScreen from './MailScreen.svelte';
import { mailboxName } from './actions';
import { mailCommands } from './commands';
import { labels } from './labels.svelte';
import { displayName } from './model';
import { EmailType, IdentityType, MailboxType, ThreadType } from './types';
import { view } from './view.svelte';

sync.register(MailboxType, IdentityType, ThreadType, EmailType);
fill('mail.conversation', async () => ({ default: Conversation }));
fill('file.mail', () => import('./read/ParsedMessage.svelte'));

/** Mailboxes by name, for the palette. */
function findMailboxes(typed: string): Choice[] {
  if (!typed) return [];
  return store
    .list(MailboxType, view.home)
    .map((mailbox) => ({ mailbox, score: match(mailboxName(mailbox), typed) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, 5)
    .map(({ mailbox }) => ({ id: `mailbox ${mailbox.id}`, title: mailboxName(mailbox), group: t('shell.places'), icon: Folder, run: () => router.go(view.url({ account: view.home, kind: 'mailbox', id: mailbox.id })) }));
}

/** People one has mail from or to, as far as it is here. */
function findPeople(typed: string): Choice[] {
  if (typed.length < 2 || !openCompose.provided) return [];
  const people = new Map<string, { name: string; email: string; score: number }>();
  for (const id of store.held(EmailType, view.home)) {
    const email = store.peek(EmailType, view.home, id);
    for (const person of [...(email?.from ?? []), ...(email?.to ?? [])]) {
      const key = person.email.toLowerCase();
      const known = people.get(key);
      const score = known ? known.score : match(`${displayName(person)} ${person.email}`, typed);
      if (score && (!known || !known.name)) people.set(key, { name: displayName(person), email: person.email, score });
    }
  }
  return [...people.values()]
    .sort((a, b) => b.score - a.score)
    .slice(0, 5)
    .map(({ name, email }) => ({ id: `person ${email}`, title: name, detail: email, person: email, group: t('shell.people'), run: () => void openCompose.open({ mode: 'new', to: [{ name, email }] }) }));
}

export const mail: Feature = {
  id: 'mail',
  route: 'mail',
  title: 'mail.title',
  icon: Mail,
  rail: 10,
  badge: () => view.unread,
  component: async () => ({ default: MailScreen }),
  commands: mailCommands,
  start: () => {
    labels.start();
    openPassage('Email').provide(async () => (await import('./passage')).open);
    addFinder(findMailboxes);
    addFinder(findPeople);
    addHome({ id: 'mail', title: 'mail.title', icon: Mail, capability: MAIL, path: (account) => path('mail', `${account}~inbox`) });
  },
};
