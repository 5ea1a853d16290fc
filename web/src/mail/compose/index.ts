/** Writing messages: windows over every screen, opened by `openCompose`. */
import { fill, openCompose, type Feature } from '../../kernel/features';
import { SquarePen } from '../../ui/icons';

export const compose: Feature = {
  id: 'compose',
  title: 'compose.new',
  icon: SquarePen,
  start: () => {
    openCompose.provide(async () => {
      const { composers } = await import('./composers.svelte');
      return (request) => composers.open(request);
    });
    fill('shell.overlay', () => import('./Composers.svelte'));
  },
};
