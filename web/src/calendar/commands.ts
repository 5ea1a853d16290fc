/** What the keyboard and the palette can do with the calendar. */
import type { Command } from '../kernel/commands.svelte';
import { router } from '../kernel/router.svelte';
import { link } from '../kernel/start.svelte';
import { Calendar, CalendarPlus, Printer } from '../ui/icons';
import type { Mode } from './view.svelte';

const there = () => 'urn:ietf:params:jmap:calendars' in (link.session?.primaryAccounts ?? {});
const here = () => router.parts[0] === 'calendar' && there();
const doings = () => import('./doings');

function show(id: string, mode: Mode, title: Command['title'], keys: string[]): Command {
  return { id, title, keys, icon: Calendar, group: 'calendar.title', when: here, run: async () => (await doings()).setMode(mode) };
}

export const calendarCommands: Command[] = [
  { id: 'calendar.new', title: 'calendar.new', keys: ['C'], icon: CalendarPlus, group: 'calendar.title', when: here, run: async () => (await doings()).begin() },
  { id: 'calendar.newAnywhere', title: 'calendar.new', icon: CalendarPlus, group: 'calendar.title', when: () => there() && !here(), run: async () => (await doings()).begin() },
  { id: 'calendar.today', title: 'calendar.today', keys: ['T'], icon: Calendar, group: 'calendar.title', when: here, run: async () => (await doings()).today() },
  show('calendar.day', 'day', 'calendar.day', ['D']),
  show('calendar.week', 'week', 'calendar.week', ['W']),
  show('calendar.workweek', 'workweek', 'calendar.workweek', ['X']),
  show('calendar.month', 'month', 'calendar.month', ['M']),
  show('calendar.agenda', 'agenda', 'calendar.agenda', ['A']),
  { id: 'calendar.previous', title: 'calendar.previous', keys: ['['], group: 'calendar.title', quiet: true, when: here, run: async () => (await doings()).shift(-1) },
  { id: 'calendar.next', title: 'calendar.next', keys: [']'], group: 'calendar.title', quiet: true, when: here, run: async () => (await doings()).shift(1) },
  { id: 'calendar.back', title: 'calendar.earlier', keys: ['Left', 'K'], group: 'calendar.title', quiet: true, when: () => here() && !inGrid(), run: async () => (await doings()).step(-1) },
  { id: 'calendar.forth', title: 'calendar.later', keys: ['Right', 'J'], group: 'calendar.title', quiet: true, when: () => here() && !inGrid(), run: async () => (await doings()).step(1) },
  { id: 'calendar.into', title: 'calendar.toEvents', keys: ['Down'], group: 'calendar.title', quiet: true, when: () => here() && !inGrid(), run: async () => (await doings()).focusEvents() },
  { id: 'calendar.close', title: 'ui.close', keys: ['Escape', 'U'], group: 'calendar.title', quiet: true, when: () => here() && router.query.has('event'), run: async () => (await doings()).close() },
  { id: 'calendar.edit', title: 'calendar.edit', keys: ['E'], group: 'calendar.title', when: () => here() && router.query.has('event'), run: async () => (await doings()).edit() },
  { id: 'calendar.delete', title: 'calendar.delete', keys: ['#', 'Delete'], group: 'calendar.title', when: () => here() && (router.query.has('event') || inGrid()), run: async () => (await doings()).removeOpen() },
  { id: 'calendar.print', title: 'calendar.print', keys: ['P'], icon: Printer, group: 'calendar.title', when: here, run: () => window.print() },
  { id: 'calendar.import', title: 'calendar.import', icon: Calendar, group: 'calendar.title', when: here, run: async () => (await doings()).chooseFiles() },
  { id: 'go.calendar', title: 'calendar.go', keys: ['G A'], icon: Calendar, group: 'shell.go', when: there, run: () => router.go('/calendar') },
];

/** Arrows on an event are the grid's own. */
function inGrid(): boolean {
  return !!document.activeElement?.closest('[data-key], [role="grid"], [role="tablist"], .mini');
}
