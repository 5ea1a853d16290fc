/** The chat feature: what it adds to the shell. Its rooms are kept in step from a moment after the start on, for the rail and for notifications. */
import { discuss, fill, openPassage, type Feature } from '../kernel/features';
import { withWords } from '../kernel/i18n.svelte';
import { signedIn } from '../kernel/session.svelte';
import { link } from '../kernel/start.svelte';
import { MessagesSquare } from '../ui/icons';
import { badge } from './badge.svelte';
import { commands, load } from './commands';
import { CHAT } from './types';

/** What is shown first is not kept waiting. */
const LATER = 1_500;

const isThere = () => CHAT in (link.session?.capabilities ?? {});

export const chat: Feature = {
  id: 'chat',
  route: 'chat',
  title: 'chat.title',
  icon: MessagesSquare,
  rail: 15,
  when: isThere,
  badge: () => badge.count,
  component: withWords('crypto', withWords('chat', async () => {
    await load();
    return import('./ChatScreen.svelte');
  })),
  panel: withWords('crypto', withWords('chat', async () => {
    await load();
    return import('./Panel.svelte');
  })),
  commands,
  start: () => {
    if (!isThere()) return;
    fill('settings.chat', withWords('chat', () => import('./SettingsPart.svelte')));
    fill('settings.encryption', withWords('crypto', withWords('chat', async () => {
      await load();
      return import('./crypto/SettingsPart.svelte');
    })));
    signedIn.leaving(async () => (await import('./crypto/store')).forget());
    openPassage('RoomEvent').provide(withWords('chat', async () => (await import('./passage')).open));
    discuss.provide(withWords('chat', async () => {
      await load();
      const { ui } = await import('./ui.svelte');
      return (request) => void (ui.discussing = request);
    }));
    fill('shell.overlay', withWords('chat', () => import('./DiscussDock.svelte')));
    fill('conversation.top', withWords('chat', () => import('./Discussed.svelte')));
    fill('space.top', withWords('crypto', withWords('chat', async () => {
      await load();
      return import('./OfSpace.svelte');
    })));
    setTimeout(() => void load().catch(() => undefined), LATER);
  },
};
