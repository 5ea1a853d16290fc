/** What the keyboard and the palette can do with files. */
import type { Command } from '../kernel/commands.svelte';
import type { MessageKey } from '../kernel/i18n.svelte';
import { router } from '../kernel/router.svelte';
import { ArchiveRestore, Clock, Copy, Download, Eye, Folder, FolderInput, FolderPlus, FolderUp, HardDrive, Info, Pencil, Send, Star, Trash, Upload, UserPlus } from '../ui/icons';

type View = typeof import('./view.svelte').view;
type Ui = typeof import('./ui.svelte').ui;
type Actions = typeof import('./actions');

/** The room's own code, from the moment it has been opened: commands of a room that nobody is in do nothing. */
let room: { view: View; ui: Ui; actions: Actions } | null = null;

export async function load(): Promise<void> {
  const [{ view }, { ui }, actions] = await Promise.all([import('./view.svelte'), import('./ui.svelte'), import('./actions')]);
  room = { view, ui, actions };
}

const group: MessageKey = 'files.title';
const here = () => router.parts[0] === 'files' && room !== null;
const inTrash = () => here() && room!.view.place.kind === 'trash';
const some = () => here() && (room!.view.chosen.size > 0 || room!.view.open !== null || !!room!.view.query?.length);
const living = () => some() && !inTrash();
const adding = () => here() && room!.view.mayBeginNew;

/** J and K: the next file when one is open, else only the cursor. */
function step(by: number): void {
  const { view } = room!;
  const most = (view.query?.length ?? 1) - 1;
  let row = Math.max(0, Math.min(most, view.cursor + by));
  if (view.open) {
    while (row > 0 && row < most && view.at(row)?.nodeType === 'directory') row += by;
    if (view.at(row)?.nodeType === 'file') view.openRow(row);
  } else view.cursor = row;
}

function back(): void {
  const { view } = room!;
  if (view.chosen.size) view.choose([]);
  else view.up();
}

/** Enter on a focused button or link is that control's. */
function onControl(): boolean {
  return !!document.activeElement?.closest('button, a, summary');
}

async function pick(folders: boolean): Promise<void> {
  room!.view.goToAdd();
  (await import('./picking')).pick({ folders });
}

export const commands: Command[] = [
  { id: 'files.upload', title: 'files.upload', keys: ['C'], icon: Upload, group, when: adding, run: () => pick(false) },
  { id: 'files.uploadFolder', title: 'files.uploadFolder', icon: FolderUp, group, when: adding, run: () => pick(true) },
  { id: 'files.newFolder', title: 'files.newFolder', keys: ['N'], icon: FolderPlus, group, when: adding, run: () => (room!.view.goToAdd(), (room!.ui.naming = { kind: 'folder' })) },
  { id: 'files.open', title: 'files.open', keys: ['O'], icon: Eye, group, when: some, run: () => room!.view.openRow(room!.view.cursor) },
  { id: 'files.enter', title: 'files.open', keys: ['Enter'], group, quiet: true, when: () => some() && !onControl(), run: () => room!.view.openRow(room!.view.cursor) },
  { id: 'files.download', title: 'files.download', keys: ['D'], icon: Download, group, when: living, run: () => room!.actions.download() },
  { id: 'files.share', title: 'files.share', keys: ['Shift+S'], icon: UserPlus, group, when: living, run: () => room!.actions.share() },
  { id: 'files.sendOut', title: 'files.sendOut', icon: Send, group, when: living, run: () => (room!.ui.sending = { account: room!.view.account, nodes: room!.view.targets().filter((node) => node.myRights.mayShare && !node.role) }) },
  { id: 'files.favourite', title: 'files.favourite', keys: ['S'], icon: Star, group, when: living, run: () => room!.actions.favourite() },
  { id: 'files.rename', title: 'files.rename', keys: ['F2'], icon: Pencil, group, when: living, run: rename },
  { id: 'files.move', title: 'files.move', keys: ['V'], icon: FolderInput, group, when: living, run: () => (room!.ui.moving = { nodes: room!.view.targets(), copy: false }) },
  { id: 'files.copy', title: 'files.copy', keys: ['Shift+V'], icon: Copy, group, when: living, run: () => (room!.ui.moving = { nodes: room!.view.targets(), copy: true }) },
  { id: 'files.details', title: 'files.details', keys: ['I'], icon: Info, group, when: living, run: details },
  { id: 'files.delete', title: 'files.delete', keys: ['#', 'Delete'], icon: Trash, group, when: some, run: () => room!.actions.trash() },
  { id: 'files.restore', title: 'files.restore', keys: ['R'], icon: ArchiveRestore, group, when: () => some() && inTrash(), run: () => room!.actions.restore() },
  { id: 'files.clearTrash', title: 'files.clearTrash', icon: Trash, group, when: () => inTrash() && !!room!.view.query?.length, run: () => room!.actions.clearTrash() },
  { id: 'files.layout', title: 'files.layout', keys: ['Shift+G'], group, when: here, run: () => room!.view.setLayout(room!.view.look.layout === 'grid' ? 'list' : 'grid') },
  { id: 'files.next', title: 'files.next', keys: ['J'], group, quiet: true, when: here, run: () => step(1) },
  { id: 'files.previous', title: 'files.previous', keys: ['K'], group, quiet: true, when: here, run: () => step(-1) },
  { id: 'files.back', title: 'files.up', keys: ['U', 'Backspace', 'Escape'], group, quiet: true, when: () => here() && (room!.view.open !== null || room!.view.chosen.size > 0 || !!room!.view.place.id), run: back },
  { id: 'files.choose', title: 'files.choose', keys: ['X'], group, quiet: true, when: some, run: () => room!.view.toggle(room!.view.cursor) },
  { id: 'files.extendDown', title: 'files.extendDown', keys: ['Shift+J'], group, quiet: true, when: some, run: () => room!.view.extend(room!.view.cursor + 1) },
  { id: 'files.extendUp', title: 'files.extendUp', keys: ['Shift+K'], group, quiet: true, when: some, run: () => room!.view.extend(room!.view.cursor - 1) },
  { id: 'files.chooseAll', title: 'files.chooseAll', keys: ['Ctrl+A'], group, quiet: true, when: () => here() && !room!.view.open, run: () => room!.view.chooseAll() },
  { id: 'go.files', title: 'files.go', keys: ['G F'], icon: HardDrive, group: 'shell.go', run: () => router.go('/files') },
  { id: 'go.recentFiles', title: 'files.recent', icon: Clock, group: 'shell.go', run: () => router.go('/files/recent') },
  { id: 'go.transfers', title: 'files.transfers', icon: Send, group: 'shell.go', run: () => router.go('/files/transfers') },
  { id: 'go.favouriteFiles', title: 'files.favourites', icon: Folder, group: 'shell.go', run: () => router.go('/files/favourites') },
];

function rename(): void {
  const [node] = room!.view.targets();
  if (node?.myRights.mayRename && !node.role) room!.ui.naming = { kind: 'rename', node };
}

function details(): void {
  const { view, ui } = room!;
  if (view.open) ui.side = ui.side === 'details' ? 'file' : 'details';
  else {
    const node = view.at(view.cursor);
    if (node?.blobId) ui.side = 'details';
    if (node) view.show(node);
  }
}
