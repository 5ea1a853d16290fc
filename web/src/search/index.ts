/** The search feature: one box for everything the person may see. Its screen is loaded when it is first opened. */
import type { Command } from '../kernel/commands.svelte';
import { openSearch, type Feature } from '../kernel/features';
import { withWords } from '../kernel/i18n.svelte';
import { router } from '../kernel/router.svelte';
import { Bookmark, Search } from '../ui/icons';

const load = withWords('search', () => import('./view.svelte'));
const view = async () => (await load()).view;
const here = () => router.parts[0] === 'search';
/** Enter on a button or a link is theirs. */
const free = () => here() && !document.activeElement?.closest('button, a, input, summary');
const run = (action: (screen: Awaited<ReturnType<typeof view>>) => void) => async () => action(await view());
const group = 'search.title';

const commands: Command[] = [
  { id: 'search.focus', title: 'search.open', icon: Search, group: 'shell.go', run: () => openSearch.open({ text: '' }) },
  { id: 'search.next', title: 'search.next', keys: ['J', 'Down'], group, quiet: true, when: here, run: run((screen) => screen.step(1)) },
  { id: 'search.previous', title: 'search.previous', keys: ['K', 'Up'], group, quiet: true, when: here, run: run((screen) => screen.step(-1)) },
  { id: 'search.openHit', title: 'search.openHit', keys: ['Enter', 'O'], group, quiet: true, when: free, run: run((screen) => screen.openRow(screen.cursor)) },
  { id: 'search.keep', title: 'search.keep', keys: ['Shift+F'], icon: Bookmark, group, when: here, run: run((screen) => screen.keep()) },
  { id: 'search.back', title: 'search.back', keys: ['Escape', 'U'], group, quiet: true, when: here, run: run((screen) => screen.back()) },
];

export const search: Feature = {
  id: 'search',
  route: 'search',
  title: 'search.title',
  icon: Search,
  component: withWords('search', () => import('./SearchScreen.svelte')),
  commands,
  start: () =>
    openSearch.provide(async () => {
      const screen = await view();
      return ({ text }) => {
        if (!here()) screen.from = location.pathname + location.search;
        if (text || !here()) screen.go(text);
        screen.focus++;
      };
    }),
};
