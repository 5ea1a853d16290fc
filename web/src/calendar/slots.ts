/** Times at which people are free, best first, with what speaks for each. Pure. */
import { DAY, MINUTE, startOfDay, weekdayOf } from '../kernel/time/local';

export interface Busy {
  from: number;
  to: number;
  /** Not sure to happen. */
  open?: boolean;
}

/** Somebody whose time is known, and the wall clock they live by. */
export interface Calendared {
  address: string;
  optional: boolean;
  busy: Busy[];
  /** Milliseconds ahead of UTC. */
  offset: number;
}

export interface Slot {
  from: number;
  to: number;
  /** Who cannot come, of those who need not. */
  missing: string[];
  /** For whom it is outside the working hours. */
  late: string[];
  /** Where something unsure is. */
  unsure: string[];
}

interface Wanted {
  /** Instants between which is looked. */
  from: number;
  to: number;
  length: number;
  workdays: number[];
  /** Minutes from midnight. */
  workStart: number;
  workEnd: number;
}

const STEP = 30 * MINUTE;
const MOST = 2_000;

function overlaps(busy: Busy[], from: number, to: number, open: boolean): boolean {
  return busy.some((one) => !!one.open === open && one.from < to && one.to > from);
}

function works({ offset }: Calendared, from: number, to: number, { workdays, workStart, workEnd }: Wanted): boolean {
  const [start, end] = [from + offset, to + offset];
  const day = startOfDay(start);
  return workdays.includes(weekdayOf(day)) && start - day >= workStart * MINUTE && end - day <= Math.min(workEnd, 1440) * MINUTE;
}

/** Up to `count` times; those for everybody within working hours first, then the earliest. Not two that overlap. */
export function slotsOf(people: Calendared[], wanted: Wanted, count = 5): Slot[] {
  const found: (Slot & { cost: number })[] = [];
  for (let from = Math.ceil(wanted.from / STEP) * STEP, n = 0; from + wanted.length <= wanted.to && n < MOST; from += STEP, n++) {
    const to = from + wanted.length;
    const busy = people.filter((one) => overlaps(one.busy, from, to, false));
    if (busy.some((one) => !one.optional)) continue;
    const late = people.filter((one) => !works(one, from, to, wanted));
    if (late.length === people.length) continue;
    const unsure = people.filter((one) => overlaps(one.busy, from, to, true));
    const cost = late.length * 10 + busy.length * 4 + unsure.length * 3 + (from - wanted.from) / (3 * DAY);
    found.push({ from, to, missing: busy.map((one) => one.address), late: late.map((one) => one.address), unsure: unsure.map((one) => one.address), cost });
  }
  const best: Slot[] = [];
  for (const { cost: _cost, ...slot } of found.sort((a, b) => a.cost - b.cost || a.from - b.from)) {
    if (best.length < count && !best.some((one) => one.from < slot.to && one.to > slot.from)) best.push(slot);
  }
  return best;
}
