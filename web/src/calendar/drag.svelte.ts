/**
 * An event on its way to another time, by pointer or by keys, or a new one being drawn: walls of the person's zone.
 * What is dragged is drawn where it would be; nothing changes until it is put down.
 */
import { t } from '../kernel/i18n.svelte';
import { move } from './actions';
import { data } from './data.svelte';
import { shifted } from './edit';
import { wallsOf } from './layout';
import { DAY, MINUTE } from '../kernel/time/local';
import type { Occurrence } from './occurrence';
import { ui } from './ui.svelte';
import { view } from './view.svelte';
import { instantOf } from '../kernel/time/zone';
import { clock, dayName } from '../kernel/time/words';

export const STEP = 15 * MINUTE;

export type Kind = 'move' | 'start' | 'end' | 'create';

interface Carried {
  kind: Kind;
  /** What is moved; null for what is drawn anew. */
  occurrence: Occurrence | null;
  from: number;
  to: number;
  wholeDay: boolean;
}

class Drag {
  /** Reactive. */
  carried = $state.raw<Carried | null>(null);
  /** True while it is moved by keys. */
  keys = $state(false);

  begin(kind: Kind, occurrence: Occurrence): void {
    this.carried = { kind, occurrence, ...wallsOf(occurrence, data.zone), wholeDay: occurrence.wholeDay };
  }

  /** Begins a new one; it has a length from the first. */
  draw(from: number, to: number, wholeDay: boolean): void {
    this.carried = { kind: 'create', occurrence: null, from, to, wholeDay };
  }

  /** Puts both ends somewhere; what is too short is made long enough. */
  put(from: number, to: number, wholeDay = this.carried?.wholeDay ?? false): void {
    if (!this.carried) return;
    const least = wholeDay ? DAY : STEP;
    this.carried = { ...this.carried, from, to: Math.max(to, from + least), wholeDay };
  }

  cancel(): void {
    this.carried = null;
    this.keys = false;
  }

  /** Whether it is elsewhere than it was. */
  get changed(): boolean {
    const { carried } = this;
    if (!carried?.occurrence) return carried !== null;
    const { from, to } = wallsOf(carried.occurrence, data.zone);
    return carried.from !== from || carried.to !== to || carried.wholeDay !== carried.occurrence.wholeDay;
  }

  /** Puts it down where it is. */
  drop(): void {
    const { carried, changed } = this;
    if (!carried || !changed) return this.cancel();
    const { occurrence, kind, from, to, wholeDay } = carried;
    this.keys = false;
    if (!occurrence) {
      ui.draft = { from, to, wholeDay, fixed: true };
      this.carried = null;
      return;
    }
    const done = wholeDay ? move(occurrence, from, to, true) : this.moveTimed(occurrence, kind, from, to);
    // What is dragged stays where it was put while it is asked which of a series is meant.
    void done.finally(() => (this.carried = null));
    ui.said = t('calendar.droppedAt', { time: this.words });
  }

  private moveTimed(one: Occurrence, kind: Kind, from: number, to: number): Promise<boolean> {
    if (kind !== 'move') return move(one, instantOf(from, data.zone), Math.max(instantOf(to, data.zone), instantOf(from, data.zone)));
    if (one.wholeDay) return move(one, instantOf(from, data.zone), instantOf(to, data.zone), false);
    const before = wallsOf(one, data.zone);
    if (to - from !== before.to - before.from) return move(one, instantOf(from, data.zone), instantOf(to, data.zone));
    const { from: start, to: end } = shifted(one, from - before.from, data.zone);
    return move(one, start, end);
  }

  /** Where it is now, in words. Reactive. */
  get words(): string {
    const { carried } = this;
    if (!carried) return '';
    const day = dayName(carried.from, view.today);
    return carried.wholeDay ? day : t('calendar.dayAndClock', { day, time: `${clock(carried.from)} – ${clock(carried.to)}` });
  }

  /** Takes an event up by keys. */
  grab(occurrence: Occurrence): void {
    this.begin('move', occurrence);
    this.keys = true;
    ui.said = t('calendar.grabbed', { title: occurrence.title ?? '' });
  }

  /** One press of an arrow: moves, or with Shift makes longer and shorter. True when it did something. */
  press(event: KeyboardEvent): boolean {
    const { carried } = this;
    if (!carried || !this.keys) return false;
    if (event.key === 'Escape') {
      this.cancel();
      ui.said = t('calendar.putBack');
      return true;
    }
    if (event.key === 'Enter' || event.key === ' ') {
      this.drop();
      return true;
    }
    const by = arrow(event.key, carried.wholeDay || view.mode === 'month');
    if (!by) return event.key.startsWith('Arrow');
    if (event.shiftKey) this.put(carried.from, carried.to + by);
    else this.put(carried.from + by, carried.to + by);
    ui.said = this.words;
    return true;
  }
}

function arrow(key: string, days: boolean): number {
  if (key === 'ArrowLeft' || key === 'ArrowRight') return key === 'ArrowLeft' ? -DAY : DAY;
  if (key === 'ArrowUp' || key === 'ArrowDown') return (key === 'ArrowUp' ? -1 : 1) * (days ? (view.mode === 'month' ? 7 * DAY : 0) : STEP);
  return 0;
}

export const drag = new Drag();
