import { tick } from 'svelte';

/** On phones, where a list and what it opens take turns, one fades into the other. */
export function slide(change: () => void): void {
  const calm = matchMedia('(min-width: 761px), (prefers-reduced-motion: reduce)').matches;
  if (calm || !document.startViewTransition) change();
  else document.startViewTransition(async () => {
    change();
    await tick();
  });
}
