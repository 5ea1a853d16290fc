/** Arrow keys go from event to event: up and down in a day, left and right to the nearest of another. */
import { found } from './find.svelte';
import { drag } from './drag.svelte';
import { mayMove } from './actions';
import { DAY } from '../kernel/time/local';

/** Call with the keys of a screen full of events; true when it was one of ours. */
export function eventKeys(event: KeyboardEvent): void {
  const target = (event.target as HTMLElement).closest<HTMLElement>('[data-key]');
  if (!target || event.ctrlKey || event.metaKey || event.altKey) return;
  if (drag.press(event)) {
    event.preventDefault();
    event.stopPropagation();
    return;
  }
  if (event.key === ' ' && !event.shiftKey) {
    const one = found(target.dataset.key!);
    event.preventDefault();
    if (one && mayMove(one)) drag.grab(one);
    else target.click();
    return;
  }
  const next = neighbour(event.key, target, event.currentTarget as HTMLElement);
  if (!next) return;
  event.preventDefault();
  event.stopPropagation();
  next.focus();
}

function neighbour(key: string, from: HTMLElement, root: HTMLElement): HTMLElement | undefined {
  const all = [...root.querySelectorAll<HTMLElement>('[data-key]')].filter((one) => one.checkVisibility());
  const dayOf = (one: HTMLElement) => Number(one.dataset.day);
  const atOf = (one: HTMLElement) => Number(one.dataset.from) % DAY;
  const inDay = (day: number) => all.filter((one) => dayOf(one) === day);
  const own = inDay(dayOf(from));
  if (key === 'ArrowDown' || key === 'ArrowUp') return own[own.indexOf(from) + (key === 'ArrowDown' ? 1 : -1)];
  if (key === 'Home' || key === 'End') return own.at(key === 'Home' ? 0 : -1);
  if (key !== 'ArrowLeft' && key !== 'ArrowRight') return undefined;
  const side = key === 'ArrowRight' ? 1 : -1;
  const days = [...new Set(all.map(dayOf))].filter((day) => (day - dayOf(from)) * side > 0).sort((a, b) => (a - b) * side);
  const [day] = days;
  if (day === undefined) return undefined;
  return inDay(day).sort((a, b) => Math.abs(atOf(a) - atOf(from)) - Math.abs(atOf(b) - atOf(from)))[0];
}
