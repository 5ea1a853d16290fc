/** How large letters are, which each person may set: rows of lists grow with them. */

import { createSubscriber } from 'svelte/reactivity';

const RULER = 'position: absolute; visibility: hidden; width: 1rem; height: 0; overflow: hidden;';
const now = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;

const changed = createSubscriber((update) => {
  const ruler = document.body.appendChild(document.createElement('div'));
  ruler.style.cssText = RULER;
  const observer = new ResizeObserver(update);
  observer.observe(ruler);
  return () => {
    observer.disconnect();
    ruler.remove();
  };
});

export const letters = {
  /** The height of a rem, in those of 16 pixels: 1 unless a person has set another size. Reactive. */
  get size(): number {
    changed();
    return now();
  },
};
