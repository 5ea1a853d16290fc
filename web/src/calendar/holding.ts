/** A finger that rests on something takes it up; one that moves at once scrolls. */

/** Milliseconds of rest, and pixels that are still none of movement. */
const REST = 380;
const SLACK = 8;

/** Calls `take` when the finger of this press has rested long enough. */
export function rest(press: PointerEvent, take: () => void): void {
  const timer = setTimeout(() => {
    done();
    navigator.vibrate?.(12);
    take();
  }, REST);
  const moved = (event: PointerEvent) => {
    if (event.pointerId !== press.pointerId || Math.hypot(event.clientX - press.clientX, event.clientY - press.clientY) > SLACK) done();
  };
  const second = (event: PointerEvent) => {
    if (event.pointerId !== press.pointerId) done();
  };
  function done(): void {
    clearTimeout(timer);
    window.removeEventListener('pointermove', moved);
    window.removeEventListener('pointerdown', second);
    window.removeEventListener('pointerup', done);
    window.removeEventListener('pointercancel', done);
  }
  window.addEventListener('pointermove', moved);
  window.addEventListener('pointerdown', second);
  window.addEventListener('pointerup', done);
  window.addEventListener('pointercancel', done);
}

/** Listens to a press until it ends: where the pointer goes, that it lets go, that Escape or the system takes it back.
 * Meanwhile no text is selected once `selectNothing` is asked for. */
export function listen(on: { move: (event: PointerEvent) => void; up: (event: PointerEvent) => void; cancel: () => void }): { selectNothing: () => void; end: () => void } {
  const listening = new AbortController();
  const { signal } = listening;
  window.addEventListener('pointermove', on.move, { signal });
  window.addEventListener('pointerup', on.up, { signal });
  window.addEventListener('pointercancel', on.cancel, { signal });
  window.addEventListener(
    'keydown',
    (event) => {
      if (event.key !== 'Escape') return;
      event.preventDefault();
      event.stopPropagation();
      on.cancel();
    },
    { capture: true, signal },
  );
  return {
    // As a style of the page this would have every element styled anew, twice a drag.
    selectNothing: () => window.addEventListener('selectstart', (event) => event.preventDefault(), { signal }),
    end: () => listening.abort(),
  };
}

/** The click that ends a drag opens nothing. */
export function swallowClick(): void {
  const swallow = (event: MouseEvent) => {
    event.preventDefault();
    event.stopPropagation();
  };
  window.addEventListener('click', swallow, { capture: true, once: true });
  setTimeout(() => window.removeEventListener('click', swallow, true));
}

/** While something is held the page neither scrolls nor opens a menu of the system. Returns what ends it. */
export function stay(node: HTMLElement, holds: () => boolean): () => void {
  const still = (event: Event) => {
    if (holds()) event.preventDefault();
  };
  node.addEventListener('touchmove', still, { passive: false });
  node.addEventListener('contextmenu', still);
  return () => {
    node.removeEventListener('touchmove', still);
    node.removeEventListener('contextmenu', still);
  };
}
