/** Writing messages: windows over every screen, opened by `openCompose`, loaded when there is something to write. */
import { fill, openCompose, type Feature } from '../../kernel/features';
import { withWords } from '../../kernel/i18n.svelte';
import { SquarePen } from '../../ui/icons';
import { writing } from './writing.svelte';

const load = withWords('compose', () => import('./composers.svelte'));

export const compose: Feature = {
  id: 'compose',
  title: 'compose.new',
  icon: SquarePen,
  start: () => {
    openCompose.provide(async () => {
      const { composers } = await load();
      writing.begun = true;
      return (request) => composers.open(request);
    });
    fill('shell.overlay', () => import('./Dock.svelte'));
  },
};
