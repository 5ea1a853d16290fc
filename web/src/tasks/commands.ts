/** What the keyboard and the palette can do with tasks. */
import type { Command } from '../kernel/commands.svelte';
import type { MessageKey } from '../kernel/i18n.svelte';
import { router } from '../kernel/router.svelte';
import { Check, Columns, Inbox, Plus, Trash } from '../ui/icons';

/** The room's own code, from the moment it has been opened: commands of a room that nobody is in do nothing. */
let room: { view: typeof import('./view.svelte').view; actions: typeof import('./actions') } | null = null;

export async function load(): Promise<void> {
  const [{ view }, actions] = await Promise.all([import('./view.svelte'), import('./actions')]);
  room = { view, actions };
}

const group: MessageKey = 'tasks.title';
const here = () => router.parts[0] === 'tasks' && room !== null;
const some = () => here() && !!room!.view.targeted;
const changing = () => some() && room!.view.mayWrite(room!.view.targeted!.account, room!.view.targeted!.task);
const listed = () => here() && room!.view.layout === 'list';

function step(by: number): void {
  const { view } = room!;
  const row = Math.max(0, Math.min(view.rows.length - 1, view.cursor + by));
  if (view.open) view.openRow(row);
  else view.cursor = row;
}

/** Enter on a focused button or link is that control's. */
function onControl(): boolean {
  return !!document.activeElement?.closest('button, a, summary');
}

export const commands: Command[] = [
  { id: 'tasks.new', title: 'tasks.new', keys: ['C'], icon: Plus, group, when: () => here() && !!room!.view.target, run: () => room!.view.focus++ },
  { id: 'tasks.done', title: 'tasks.done', keys: ['E'], icon: Check, group, when: changing, run: () => room!.actions.toggle(room!.view.targeted!.account, room!.view.targeted!.task) },
  { id: 'tasks.delete', title: 'tasks.delete', keys: ['#', 'Delete'], icon: Trash, group, when: changing, run: () => room!.actions.remove(room!.view.targeted!.account, room!.view.targeted!.task) },
  { id: 'tasks.board', title: 'tasks.board', keys: ['B'], icon: Columns, group, when: () => here() && !!room!.view.list, run: () => room!.view.setLayout(room!.view.layout === 'board' ? 'list' : 'board') },
  { id: 'tasks.next', title: 'tasks.next', keys: ['J'], group, quiet: true, when: listed, run: () => step(1) },
  { id: 'tasks.previous', title: 'tasks.previous', keys: ['K'], group, quiet: true, when: listed, run: () => step(-1) },
  { id: 'tasks.openRow', title: 'tasks.open', keys: ['O'], group, quiet: true, when: () => listed() && some(), run: () => room!.view.openRow(room!.view.cursor) },
  { id: 'tasks.enter', title: 'tasks.open', keys: ['Enter'], group, quiet: true, when: () => listed() && some() && !onControl(), run: () => room!.view.openRow(room!.view.cursor) },
  { id: 'tasks.back', title: 'tasks.back', keys: ['U', 'Escape'], group, quiet: true, when: () => here() && room!.view.open !== null, run: () => room!.view.close() },
  { id: 'go.tasks', title: 'tasks.go', keys: ['G K'], icon: Inbox, group: 'shell.go', run: () => router.go('/tasks') },
];
