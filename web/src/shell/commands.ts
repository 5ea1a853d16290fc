/** Commands of the shell itself. */
import type { Command } from '../kernel/commands.svelte';
import { openSearch } from '../kernel/features';
import { t } from '../kernel/i18n.svelte';
import { notices } from '../kernel/notices.svelte';
import { outbox } from '../kernel/outbox.svelte';
import { preferences } from '../kernel/preferences.svelte';
import { signedIn } from '../kernel/session.svelte';
import { CircleHelp, LogOut, Search, Sun, Undo } from '../ui/icons';
import { overlays } from './state.svelte';

const inside = () => !!signedIn.person;

export function shellCommands(): Command[] {
  return [
    { id: 'shell.palette', title: 'shell.palette', keys: ['Ctrl+K'], icon: Search, group: 'shell.commands', quiet: true, when: inside, run: () => overlays.openPalette() },
    { id: 'shell.search', title: 'shell.searchShort', keys: ['/'], icon: Search, group: 'shell.commands', quiet: true, when: inside, run: () => (openSearch.provided ? openSearch.open({ text: '' }) : overlays.openPalette()) },
    { id: 'shell.help', title: 'shell.help', keys: ['?'], icon: CircleHelp, group: 'shell.commands', when: inside, run: () => (overlays.help = true) },
    { id: 'shell.undo', title: 'shell.undoLast', keys: ['Z'], icon: Undo, group: 'shell.commands', when: inside, run: undo },
    { id: 'shell.theme', title: 'shell.toggleTheme', icon: Sun, group: 'shell.commands', when: inside, run: toggleTheme },
    { id: 'shell.signOut', title: 'shell.signOut', icon: LogOut, group: 'shell.commands', when: inside, run: () => signedIn.signOut() },
  ];
}

function undo(): void {
  for (const notice of notices.list) notices.close(notice.id);
  notices.show(outbox.undoLast() ? t('ui.undone') : t('shell.nothingToUndo'), { stay: 2_500 });
}

function toggleTheme(): void {
  const dark = getComputedStyle(document.documentElement).colorScheme === 'dark' ||
    (preferences.value.theme === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches);
  preferences.set({ theme: dark ? 'light' : 'dark' });
}
