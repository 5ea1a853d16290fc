/** What the button "New" offers. */
import { t } from '../kernel/i18n.svelte';
import type { MenuItem } from '../ui/Menu.svelte';
import { FolderPlus, FolderUp, Upload } from '../ui/icons';
import { pick } from './picking';
import { ui } from './ui.svelte';
import { view } from './view.svelte';

export function beginnings(): MenuItem[] {
  const all: MenuItem[] = [
    { label: t('files.upload'), icon: Upload, keys: 'C', run: () => pick() },
    { label: t('files.uploadFolder'), icon: FolderUp, run: () => pick({ folders: true }) },
    { label: t('files.newFolder'), icon: FolderPlus, keys: 'N', apart: true, run: () => (ui.naming = { kind: 'folder' }) },
  ];
  return all.map((item) => ({ ...item, run: () => (view.goToAdd(), item.run!()) }));
}
