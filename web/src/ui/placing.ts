/** Where what opens over the page goes. */

/** Puts an open popover under a box, or over it when there is no room; all of it inside the window. */
export function placeBy(popover: HTMLElement, box: DOMRect): void {
  const { width, height } = popover.getBoundingClientRect();
  const left = box.left + width > innerWidth - 8 ? Math.max(8, box.right - width) : box.left;
  const under = box.bottom + 4 + height <= innerHeight - 8 || box.top < height;
  popover.style.left = `${left}px`;
  popover.style.top = `${Math.max(8, under ? Math.min(box.bottom + 4, innerHeight - height - 8) : box.top - height - 4)}px`;
}
