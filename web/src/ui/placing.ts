/** Where what opens over the page goes. */

/** Puts an open popover under a box, or over it when there is no room; all of it inside the window. */
function placeBy(popover: HTMLElement, box: DOMRect): void {
  const { width, height } = popover.getBoundingClientRect();
  const left = box.left + width > innerWidth - 8 ? Math.max(8, box.right - width) : box.left;
  const under = box.bottom + 4 + height <= innerHeight - 8 || box.top < height;
  popover.style.left = `${left}px`;
  popover.style.top = `${Math.max(8, under ? Math.min(box.bottom + 4, innerHeight - height - 8) : box.top - height - 4)}px`;
}

/**
 * Puts an open popover by an element, or by a place in the window, and keeps it there until it closes, however the page is scrolled
 * or the window changes. While the element is not drawn it stays where it is.
 */
export function follow(popover: HTMLElement, anchor: Element | DOMRect): void {
  const ended = new AbortController();
  const place = () => {
    if (!popover.isConnected) return ended.abort();
    if (!(anchor instanceof Element)) return placeBy(popover, anchor);
    const box = anchor.getBoundingClientRect();
    if (box.width || box.height) placeBy(popover, box);
  };
  const scrolled = (event: Event) => void (popover.contains(event.target as Node) || place());
  const toggled = (event: ToggleEvent) => void (event.newState === 'closed' && ended.abort());
  const { signal } = ended;
  addEventListener('scroll', scrolled, { capture: true, passive: true, signal });
  addEventListener('resize', place, { signal });
  popover.addEventListener('toggle', toggled, { signal });
  place();
}
