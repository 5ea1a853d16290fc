/** Recently deleted: what was deleted for good and can still be had back. Loaded when it is opened. */
import type { Command } from '../../kernel/commands.svelte';
import type { Feature } from '../../kernel/features';
import { withWords } from '../../kernel/i18n.svelte';
import { jmap } from '../../kernel/jmap';
import { router } from '../../kernel/router.svelte';
import { sync } from '../../kernel/sync';
import { ArchiveRestore, History, Trash } from '../../ui/icons';
import { VAULT, VaultEmailType } from './types';

sync.register(VaultEmailType);

const load = withWords('vault', () => import('./view.svelte'));
type View = Awaited<ReturnType<typeof load>>['view'];
const run = (action: (view: View) => void) => async () => action((await load()).view);
const here = () => router.parts[0] === 'deleted';
/** Enter on a button or a link is theirs. */
const free = () => here() && !document.activeElement?.closest('button, a, input, summary');
const group = 'vault.title';

const commands: Command[] = [
  { id: 'go.deleted', title: 'vault.title', keys: ['G R'], icon: History, group: 'shell.go', when: () => jmap.has(VAULT), run: () => router.go('/deleted') },
  { id: 'vault.restore', title: 'vault.restore', keys: ['R'], icon: ArchiveRestore, group, when: here, run: run((view) => view.restore()) },
  { id: 'vault.remove', title: 'vault.remove', keys: ['#', 'Delete'], icon: Trash, group, when: here, run: run((view) => view.remove()) },
  { id: 'vault.next', title: 'mail.next', keys: ['J'], group, quiet: true, when: here, run: run((view) => view.step(1)) },
  { id: 'vault.previous', title: 'mail.previous', keys: ['K'], group, quiet: true, when: here, run: run((view) => view.step(-1)) },
  { id: 'vault.open', title: 'mail.open', keys: ['O', 'Enter'], group, quiet: true, when: free, run: run((view) => view.openRow(view.cursor)) },
  { id: 'vault.choose', title: 'mail.choose', keys: ['X'], group, quiet: true, when: here, run: run((view) => view.toggle(view.cursor)) },
  { id: 'vault.back', title: 'mail.back', keys: ['U', 'Escape'], group, quiet: true, when: here, run: run((view) => view.back()) },
];

export const vault: Feature = {
  id: 'vault',
  route: 'deleted',
  title: 'vault.title',
  icon: History,
  component: withWords('vault', () => import('./VaultScreen.svelte')),
  commands,
};
