/** What the keyboard and the palette can do with contacts. */
import type { Command } from '../kernel/commands.svelte';
import { openCompose } from '../kernel/features';
import type { MessageKey } from '../kernel/i18n.svelte';
import { router } from '../kernel/router.svelte';
import { Mail, Pencil, Search, Trash, UserPlus, Users } from '../ui/icons';

/** The room's own code, from the moment it has been opened: commands of a room that nobody is in do nothing. */
let room: { view: typeof import('./view.svelte').view; ui: typeof import('./ui.svelte').ui; actions: typeof import('./actions') } | null = null;

export async function load(): Promise<void> {
  const [{ view }, { ui }, actions] = await Promise.all([import('./view.svelte'), import('./ui.svelte'), import('./actions')]);
  room = { view, ui, actions };
}

const group: MessageKey = 'contacts.title';
const here = () => router.parts[0] === 'contacts' && room !== null && !room.view.editing;
const some = () => here() && (room!.view.chosen.size > 0 || room!.view.open !== null || !!room!.view.query?.length);
const changing = () => some() && room!.view.targets().some((card) => room!.view.mayWrite(card));

function step(by: number): void {
  const { view } = room!;
  const row = Math.max(0, Math.min((view.query?.length ?? 1) - 1, view.cursor + by));
  if (view.open) view.openRow(row);
  else view.cursor = row;
}

function back(): void {
  const { view } = room!;
  if (view.chosen.size) view.choose([]);
  else if (view.open) view.close();
  else view.search('');
}

/** Enter on a focused button or link is that control's. */
function onControl(): boolean {
  return !!document.activeElement?.closest('button, a, summary');
}

function edit(): void {
  const { view } = room!;
  const id = view.open ?? view.query?.idAt(view.cursor) ?? null;
  if (!view.open) view.openRow(view.cursor);
  view.changing = id;
}

export const commands: Command[] = [
  { id: 'contacts.new', title: 'contacts.new', keys: ['C'], icon: UserPlus, group, when: () => here() && !!room!.view.target, run: () => room!.view.openCard('new') },
  { id: 'contacts.edit', title: 'contacts.edit', keys: ['E'], icon: Pencil, group, when: changing, run: edit },
  { id: 'contacts.write', title: 'contacts.write', keys: ['R'], icon: Mail, group, when: () => some() && openCompose.provided, run: () => room!.actions.write() },
  { id: 'contacts.delete', title: 'contacts.delete', keys: ['#', 'Delete'], icon: Trash, group, when: changing, run: () => room!.actions.remove() },
  { id: 'contacts.move', title: 'contacts.move', keys: ['V'], group, when: changing, run: () => (room!.ui.picker = { kind: 'book', cards: room!.view.targets() }) },
  { id: 'contacts.group', title: 'contacts.group', keys: ['L'], icon: Users, group, when: some, run: () => (room!.ui.picker = { kind: 'group', cards: room!.view.targets() }) },
  { id: 'contacts.search', title: 'contacts.search', keys: ['F'], icon: Search, group, when: here, run: () => room!.view.focus++ },
  { id: 'contacts.next', title: 'contacts.next', keys: ['J'], group, quiet: true, when: here, run: () => step(1) },
  { id: 'contacts.previous', title: 'contacts.previous', keys: ['K'], group, quiet: true, when: here, run: () => step(-1) },
  { id: 'contacts.open', title: 'contacts.open', keys: ['O'], group, quiet: true, when: some, run: () => room!.view.openRow(room!.view.cursor) },
  { id: 'contacts.enter', title: 'contacts.open', keys: ['Enter'], group, quiet: true, when: () => some() && !onControl(), run: () => room!.view.openRow(room!.view.cursor) },
  { id: 'contacts.back', title: 'contacts.back', keys: ['U', 'Escape'], group, quiet: true, when: () => here() && (room!.view.open !== null || room!.view.chosen.size > 0 || room!.view.text !== ''), run: back },
  { id: 'contacts.choose', title: 'contacts.choose', keys: ['X'], group, quiet: true, when: some, run: () => room!.view.toggle(room!.view.cursor) },
  { id: 'contacts.extendDown', title: 'contacts.extendDown', keys: ['Shift+J'], group, quiet: true, when: some, run: () => room!.view.extend(room!.view.cursor + 1) },
  { id: 'contacts.extendUp', title: 'contacts.extendUp', keys: ['Shift+K'], group, quiet: true, when: some, run: () => room!.view.extend(room!.view.cursor - 1) },
  { id: 'contacts.chooseAll', title: 'contacts.chooseAll', keys: ['Ctrl+A'], group, quiet: true, when: () => here() && !room!.view.open, run: () => room!.view.chooseAll() },
  { id: 'go.contacts', title: 'contacts.go', keys: ['G P'], icon: Users, group: 'shell.go', run: () => router.go('/contacts') },
];
