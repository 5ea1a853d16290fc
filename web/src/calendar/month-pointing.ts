/** A pointer on a month: moves events from day to day, draws new ones over days. */
import { mayMove } from './actions';
import { data } from './data.svelte';
import { drag } from './drag.svelte';
import { found } from './find.svelte';
import { listen, rest, stay, swallowClick } from './holding';
import { wallsOf } from './layout';
import { DAY, startOfDay } from '../kernel/time/local';

const SLACK = 5;

/** A Svelte action for the element that holds the days (`data-cell`). */
export function monthPointing(node: HTMLElement) {
  let pressed: { x: number; y: number; day: number; key: string | null } | null = null;
  let listening: ReturnType<typeof listen> | null = null;

  function dayAt(x: number, y: number): number | null {
    for (const cell of node.querySelectorAll<HTMLElement>('[data-cell]')) {
      const { left, right, top, bottom } = cell.getBoundingClientRect();
      if (x >= left && x < right && y >= top && y < bottom) return Number(cell.dataset.cell);
    }
    return null;
  }

  function down(event: PointerEvent): void {
    if (event.button !== 0 || pressed || drag.keys) return;
    const target = event.target as HTMLElement;
    const bar = target.closest<HTMLElement>('[data-key]');
    const day = dayAt(event.clientX, event.clientY);
    if (day === null || (!bar && target.closest('a, button')) || (bar && !bar.dataset.movable)) return;
    if (event.pointerType !== 'touch') press(event, day, bar);
    else if (bar) {
      rest(event, () => {
        press(event, day, bar);
        take();
      });
    }
  }

  function press(event: PointerEvent, day: number, bar: HTMLElement | null): void {
    pressed = { x: event.clientX, y: event.clientY, day, key: bar?.dataset.key ?? null };
    listening = listen({ move, up, cancel });
  }

  function move(event: PointerEvent): void {
    if (!pressed) return;
    const day = dayAt(event.clientX, event.clientY);
    if (!drag.carried) {
      if (Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) < SLACK) return;
      take();
    }
    const { carried } = drag;
    if (day === null || !carried || !pressed) return;
    if (!carried.occurrence) drag.put(Math.min(pressed.day, day), Math.max(pressed.day, day) + DAY);
    else {
      const { from, to } = wallsOf(carried.occurrence, data.zone);
      drag.put(from + day - pressed.day, to + day - pressed.day);
    }
  }

  function take(): void {
    const one = pressed!.key ? found(pressed!.key) : null;
    if (one === undefined || (one && !mayMove(one))) return cancel();
    if (one) drag.begin('move', one);
    else drag.draw(pressed!.day, pressed!.day + DAY, true);
    listening?.selectNothing();
  }

  function up(): void {
    const { day, key } = pressed ?? {};
    const carried = drag.carried !== null;
    end();
    if (carried) {
      swallowClick();
      drag.drop();
    } else if (day !== undefined && !key) {
      drag.draw(startOfDay(day), startOfDay(day) + DAY, true);
      drag.drop();
    }
  }

  function cancel(): void {
    end();
    drag.cancel();
  }

  function end(): void {
    pressed = null;
    listening?.end();
  }

  node.addEventListener('pointerdown', down);
  const free = stay(node, () => pressed !== null && drag.carried !== null);
  return {
    destroy() {
      end();
      free();
      node.removeEventListener('pointerdown', down);
    },
  };
}
