/** A pointer on a grid of days and hours: draws new events, moves those there are, pulls at their ends. */
import { mayMove } from './actions';
import { data } from './data.svelte';
import { drag, STEP, type Kind } from './drag.svelte';
import { found } from './find.svelte';
import { listen, rest, stay, swallowClick } from './holding';
import { wallsOf } from './layout';
import { DAY, MINUTE, startOfDay } from '../kernel/time/local';

interface Grid {
  scroller: () => HTMLElement | undefined;
  days: () => number[];
}

/** Pixels before a press is a drag, from an edge that pulls, and from the window's edge that scrolls. */
const SLACK = 5;
const EDGE = 7;
const EDGE_OF_A_FINGER = 16;
const NEAR = 44;

interface At {
  day: number;
  minutes: number;
  wholeDay: boolean;
}

/** A Svelte action for the element that holds the columns (`data-column`) and the row of whole days (`data-allday`). */
export function pointing(node: HTMLElement, grid: Grid) {
  let pressed: { x: number; y: number; at: At; kind: Kind; key: string | null; grip: number; length: number } | null = null;
  let last: PointerEvent | null = null;
  let scrolling = 0;
  let listening: ReturnType<typeof listen> | null = null;

  /** Which day and time of day a point is on. */
  function atOf(x: number, y: number): At | null {
    const columns = [...node.querySelectorAll<HTMLElement>('[data-column]')];
    const boxes = columns.map((column) => column.getBoundingClientRect());
    if (!boxes.length) return null;
    const index = Math.max(0, Math.min(columns.length - 1, boxes.findIndex((box) => x < box.right) < 0 ? columns.length - 1 : boxes.findIndex((box) => x < box.right)));
    const box = boxes[index]!;
    const top = grid.scroller()?.getBoundingClientRect().top ?? box.top;
    const minutes = Math.max(0, Math.min(1440, ((y - box.top) / box.height) * 1440));
    return { day: Number(columns[index]!.dataset.column), minutes, wholeDay: y < top };
  }

  function kindOf(target: HTMLElement, event: PointerEvent): Kind {
    const box = target.getBoundingClientRect();
    const edge = event.pointerType === 'touch' ? EDGE_OF_A_FINGER : EDGE;
    if (target.closest('[data-allday]') || box.height < 3 * edge) return 'move';
    if (event.clientY > box.bottom - edge) return 'end';
    return event.clientY < box.top + edge ? 'start' : 'move';
  }

  function down(event: PointerEvent): void {
    if (event.button !== 0 || pressed || drag.keys) return;
    const target = event.target as HTMLElement;
    const block = target.closest<HTMLElement>('[data-key]');
    const at = atOf(event.clientX, event.clientY);
    if (!at || (!block && !target.closest('[data-column], .bars'))) return;
    if (target.closest('.more')) return;
    if (block && !block.dataset.movable) return;
    const one = block ? found(block.dataset.key!) : undefined;
    if (block && (!one || !mayMove(one))) return;
    if (event.pointerType !== 'touch') press(event, at, block, one);
    else if (block) {
      rest(event, () => {
        press(event, at, block, one);
        last = event;
        if (start()) follow();
        else cancel();
      });
    }
  }

  function press(event: PointerEvent, at: At, block: HTMLElement | null, one: ReturnType<typeof found>): void {
    const walls = one ? wallsOf(one, data.zone) : null;
    const grip = walls ? (one!.wholeDay ? startOfDay(at.day) - walls.from : at.day + at.minutes * MINUTE - walls.from) : 0;
    pressed = { x: event.clientX, y: event.clientY, at, kind: block ? kindOf(block, event) : 'create', key: block?.dataset.key ?? null, grip, length: walls ? walls.to - walls.from : 0 };
    listening = listen({ move, up, cancel });
  }

  function move(event: PointerEvent): void {
    if (!pressed) return;
    last = event;
    if (!drag.carried) {
      if (Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) < SLACK) return;
      if (!start()) return cancel();
      document.body.style.cursor = pressed.kind === 'move' ? 'grabbing' : 'ns-resize';
      listening?.selectNothing();
    }
    event.preventDefault();
    follow();
    scrolling ||= requestAnimationFrame(scroll);
  }

  function start(): boolean {
    const one = pressed!.key ? found(pressed!.key) : null;
    if (one === undefined) return false;
    if (one) drag.begin(pressed!.kind, one);
    else if (pressed!.at.wholeDay) drag.draw(pressed!.at.day, pressed!.at.day + DAY, true);
    else {
      const from = snap(pressed!.at.day + pressed!.at.minutes * MINUTE);
      drag.draw(from, from + STEP, false);
    }
    return true;
  }

  /** Brings what is carried to where the pointer is. */
  function follow(): void {
    const at = last && atOf(last.clientX, last.clientY);
    const { carried } = drag;
    if (!at || !carried || !pressed) return;
    const point = at.day + at.minutes * MINUTE;
    if (pressed.kind === 'create') {
      const from = pressed.at.wholeDay ? pressed.at.day : snap(pressed.at.day + pressed.at.minutes * MINUTE);
      if (pressed.at.wholeDay) drag.put(Math.min(from, at.day), Math.max(from, at.day) + DAY);
      else {
        const to = snap(pressed.at.day + at.minutes * MINUTE);
        drag.put(Math.min(from, to), Math.max(from, to));
      }
    } else if (pressed.kind === 'end') drag.put(carried.from, Math.max(carried.from + STEP, snap(point)));
    else if (pressed.kind === 'start') drag.put(Math.min(snap(point), carried.to - STEP), carried.to);
    else moveTo(at, point);
  }

  function moveTo(at: At, point: number): void {
    const one = drag.carried!.occurrence!;
    if (at.wholeDay) {
      const length = one.wholeDay ? pressed!.length : DAY;
      const from = at.day - (one.wholeDay ? pressed!.grip : 0);
      drag.put(from, from + length, true);
    } else {
      const length = one.wholeDay ? data.agenda.length * MINUTE : pressed!.length;
      const from = snap(point - (one.wholeDay ? 0 : pressed!.grip));
      drag.put(from, from + length, false);
    }
  }

  /** Scrolls while something is held near the top or the bottom. */
  function scroll(): void {
    scrolling = 0;
    const box = grid.scroller()?.getBoundingClientRect();
    if (!drag.carried || !box || !last || drag.carried.wholeDay) return;
    const by = last.clientY > box.bottom - NEAR ? last.clientY - box.bottom + NEAR : last.clientY < box.top + NEAR && last.clientY > box.top ? last.clientY - box.top - NEAR : 0;
    if (!by) return;
    grid.scroller()!.scrollTop += by / 4;
    follow();
    scrolling = requestAnimationFrame(scroll);
  }

  function up(event: PointerEvent): void {
    const { at, key } = pressed ?? {};
    const carried = drag.carried !== null;
    end();
    if (carried) {
      swallowClick();
      drag.drop();
    } else if (at && !key && event.type === 'pointerup') {
      const from = at.wholeDay ? at.day : at.day + Math.floor(at.minutes / 30) * 30 * MINUTE;
      drag.draw(from, from + (at.wholeDay ? DAY : data.agenda.length * MINUTE), at.wholeDay);
      drag.drop();
    }
  }

  function cancel(): void {
    end();
    drag.cancel();
  }

  function end(): void {
    pressed = last = null;
    document.body.style.cursor = '';
    listening?.end();
  }

  /** On touch screens a press on nothing makes a new event; dragging scrolls. */
  function click(event: MouseEvent): void {
    const target = event.target as HTMLElement;
    if ((event as PointerEvent).pointerType !== 'touch' || target.closest('[data-key], button, a') || !target.closest('[data-column], .bars')) return;
    const at = atOf(event.clientX, event.clientY);
    if (!at) return;
    const from = at.wholeDay ? at.day : at.day + Math.floor(at.minutes / 30) * 30 * MINUTE;
    drag.draw(from, from + (at.wholeDay ? DAY : data.agenda.length * MINUTE), at.wholeDay);
    drag.drop();
  }

  /** Shows by the pointer which edges can be pulled. */
  function hover(event: PointerEvent): void {
    const block = (event.target as HTMLElement).closest<HTMLElement>('.ev[data-movable]');
    if (block && !pressed) block.style.cursor = kindOf(block, event) === 'move' ? '' : 'ns-resize';
  }

  node.addEventListener('pointerdown', down);
  node.addEventListener('pointermove', hover);
  node.addEventListener('click', click);
  const free = stay(node, () => pressed !== null && drag.carried !== null);
  return {
    destroy() {
      end();
      free();
      node.removeEventListener('pointerdown', down);
      node.removeEventListener('pointermove', hover);
      node.removeEventListener('click', click);
    },
  };
}

function snap(wall: number): number {
  return Math.round(wall / STEP) * STEP;
}
