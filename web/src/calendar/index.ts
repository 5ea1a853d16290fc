/** The calendar feature: what it adds to the shell. Its screen, its editor and its panel come when they are needed. */
import { addHome, fill, openEvent, openPassage, type Feature } from '../kernel/features';
import { withWords } from '../kernel/i18n.svelte';
import { news } from '../kernel/news.svelte';
import { link } from '../kernel/start.svelte';
import { sync } from '../kernel/sync';
import { Calendar } from '../ui/icons';
import { calendarCommands } from './commands';
import { CalendarEventProposalType, CalendarEventType, CALENDARS, CalendarType, OWN, ParticipantIdentityType } from './types';

sync.register(CalendarType, ParticipantIdentityType, CalendarEventType, CalendarEventProposalType);

export const calendar: Feature = {
  id: 'calendar',
  route: 'calendar',
  title: 'calendar.title',
  icon: Calendar,
  rail: 20,
  when: () => CALENDARS in (link.session?.primaryAccounts ?? {}),
  component: withWords('calendar', () => import('./CalendarScreen.svelte')),
  panel: withWords('calendar', () => import('./Panel.svelte')),
  commands: calendarCommands,
  start: () => {
    if (!(CALENDARS in (link.session?.primaryAccounts ?? {}))) return;
    addHome({ id: 'calendar', title: 'calendar.title', icon: Calendar, capability: CALENDARS, path: (account) => `/calendar?${new URLSearchParams({ of: account })}` });
    openPassage('CalendarEvent').provide(async () => (await import('./passage')).open);
    openEvent.provide(withWords('calendar', async () => (await import('./passage')).begin));
    fill('shell.top', () => import('./Over.svelte'));
    news.add('CalendarEventNotification', withWords('calendar', async () => (await import('./news')).words));
    fill('settings.calendar', withWords('calendar', () => import('./SettingsPart.svelte')));
    if (OWN in (link.session?.capabilities ?? {})) fill('share.more', withWords('calendar', () => import('./Links.svelte')));
    fill('mail.invitation', withWords('calendar', () => import('./Invitation.svelte')));
  },
};
