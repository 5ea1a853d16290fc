/** The files feature: what it adds to the shell. Its screen, its uploads and its viewers come when they are needed. */
import { addHome, fill, openPassage, type Feature } from '../kernel/features';
import { withWords } from '../kernel/i18n.svelte';
import { path } from '../kernel/router.svelte';
import { link } from '../kernel/start.svelte';
import { sync } from '../kernel/sync';
import { Folder } from '../ui/icons';
import { commands, load } from './commands';
import { keyOf } from './model';
import { FILENODE, FileNodeType } from './types';

sync.register(FileNodeType);

export const files: Feature = {
  id: 'files',
  route: 'files',
  title: 'files.title',
  icon: Folder,
  rail: 60,
  when: () => FILENODE in (link.session?.primaryAccounts ?? {}),
  component: withWords('files', async () => {
    await load();
    return import('./FilesScreen.svelte');
  }),
  commands,
  start: () => {
    fill('shell.overlay', () => import('./Uploading.svelte'));
    addHome({ id: 'files', title: 'files.title', icon: Folder, capability: FILENODE, path: (account) => path('files', 'f', keyOf(account, null)) });
    openPassage('FileNode').provide(async () => (await import('./passage')).open);
  },
};
