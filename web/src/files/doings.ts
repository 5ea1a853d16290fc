/** What can be done to some nodes, as a menu. */
import { t } from '../kernel/i18n.svelte';
import type { MenuItem } from '../ui/Menu.svelte';
import { ArchiveRestore, Copy, Download, Eye, FolderInput, Info, Pencil, Send, Star, Trash, UserPlus } from '../ui/icons';
import { download, favourite, restore, share, trash } from './actions';
import type { FileNode } from './types';
import { ui } from './ui.svelte';
import { view } from './view.svelte';

export function doings(nodes: FileNode[]): MenuItem[] {
  const [first] = nodes;
  if (!first) return [];
  const one = nodes.length === 1;
  const infected = nodes.some((node) => node.scan === 'infected');
  const deletable = nodes.every((node) => node.myRights.mayDelete);
  if (view.place.kind === 'trash') {
    return !deletable ? [] : [
      { label: t('files.restore'), icon: ArchiveRestore, keys: 'R', run: () => void restore(nodes) },
      { label: t('files.destroy'), icon: Trash, keys: '#', danger: true, apart: true, run: () => (ui.destroying = nodes) },
    ];
  }
  const all: (MenuItem | false)[] = [
    one && { label: t('files.open'), icon: Eye, keys: 'O', run: () => view.openNode(first) },
    !infected && { label: t(one && first.blobId ? 'files.download' : 'files.downloadZip'), icon: Download, keys: 'D', run: () => download(nodes) },
    one && first.myRights.mayShare && { label: t('files.share'), icon: UserPlus, keys: 'Shift+S', run: () => share(first) },
    !infected && nodes.every((node) => node.myRights.mayShare && !node.role) && { label: t('files.sendOut'), icon: Send, run: () => (ui.sending = { account: view.account, nodes }) },
    { label: t('files.favourite'), icon: Star, keys: 'S', checked: nodes.every((node) => node.isFavourite), run: () => favourite(nodes) },
    one && first.myRights.mayRename && !first.role && { label: t('files.rename'), icon: Pencil, keys: 'F2', apart: true, run: () => (ui.naming = { kind: 'rename', node: first }) },
    deletable && { label: t('files.move'), icon: FolderInput, keys: 'V', run: () => (ui.moving = { nodes, copy: false }) },
    !infected && { label: t('files.copy'), icon: Copy, run: () => (ui.moving = { nodes, copy: true }) },
    one && { label: t('files.details'), icon: Info, keys: 'I', run: () => { if (first.blobId) ui.side = 'details'; view.show(first); } },
    deletable && { label: t('files.delete'), icon: Trash, keys: '#', danger: true, apart: true, run: () => trash(nodes) },
  ];
  return all.filter((item): item is MenuItem => !!item);
}
