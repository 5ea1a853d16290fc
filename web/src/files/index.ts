/** The files feature: what it adds to the shell. Its screen, its uploads and its viewers come when they are needed. */
import { addHome, bringFile, chooseFiles, fill, keepFiles, openPassage, type Feature } from '../kernel/features';
import { withWords } from '../kernel/i18n.svelte';
import { path } from '../kernel/router.svelte';
import { link } from '../kernel/start.svelte';
import { sync } from '../kernel/sync';
import { Folder } from '../ui/icons';
import { commands, load } from './commands';
import { keyOf } from './model';
import { FILENODE, FileNodeType } from './types';

sync.register(FileNodeType);

const isThere = () => FILENODE in (link.session?.primaryAccounts ?? {});

export const files: Feature = {
  id: 'files',
  route: 'files',
  title: 'files.title',
  icon: Folder,
  rail: 60,
  when: isThere,
  component: withWords('files', async () => {
    await load();
    return import('./FilesScreen.svelte');
  }),
  commands,
  start: () => {
    fill('shell.overlay', () => import('./Over.svelte'));
    fill('share.more', withWords('files', () => import('./ShareMore.svelte')));
    if (isThere()) {
      bringFile.provide(async () => (await import('./transport')).bringOwn);
      chooseFiles.provide(async () => (await import('./asks.svelte')).choose);
      keepFiles.provide(async () => (await import('./asks.svelte')).keep);
    }
    addHome({ id: 'files', title: 'files.title', icon: Folder, capability: FILENODE, path: (account) => path('files', 'f', keyOf(account, null)) });
    openPassage('FileNode').provide(async () => (await import('./passage')).open);
  },
};
