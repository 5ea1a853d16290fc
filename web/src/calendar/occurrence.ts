/** Events as they happen: each time of a series with what it has of its own, by time. Pure; what is worked out for a record is kept with it. */
import type { Fields } from '../kernel/patch';
import { applyPatch } from '../kernel/patch';
import { DAY, formatLocal, parseDuration, parseLocal, startOfMonth } from '../kernel/time/local';
import { timesOf } from '../kernel/time/recurrence';
import type { CalendarEvent, Details, Override } from './types';
import type { RecurrenceRule } from '../kernel/time/rule';
import { endOf, instantOf } from '../kernel/time/zone';

export interface Occurrence extends Details {
  /** Unlike any other: the account, the event and its recurrence id. */
  key: string;
  account: string;
  event: CalendarEvent;
  /** The time in the series that it stands for; null for an event that happens once. */
  recurrenceId: string | null;
  /** Whole days: `from` and `to` are midnights on the wall, whatever the zone. Else they are instants. */
  wholeDay: boolean;
  from: number;
  /** Where it is over; not before `from`. */
  to: number;
}

const MOST_OVERRIDES = 5_000;
const MOST_MONTHS = 240;

interface Kept {
  account: string;
  zone: string;
  single: Occurrence[];
  months: Map<number, Occurrence[]>;
  /** How long before its end one of them can begin. */
  longest: number;
}
const kept = new WeakMap<CalendarEvent, Kept>();

/** The rules of an event, however it has them. */
export function rulesOf(event: CalendarEvent): RecurrenceRule[] {
  return event.recurrenceRules?.length ? event.recurrenceRules : event.recurrenceRule ? [event.recurrenceRule] : [];
}

/** Whether an event is a series: by a rule, or by times that are added one by one. */
export function recurs(event: CalendarEvent): boolean {
  return rulesOf(event).length > 0 || Object.values(event.recurrenceOverrides ?? {}).some((one) => one && !one.excluded);
}

/** What happens of an event from `from` to before `to`. `zone` is where times without a zone are. */
export function occurrencesOf(account: string, event: CalendarEvent, from: number, to: number, zone: string): Occurrence[] {
  let here = kept.get(event);
  if (!here || here.zone !== zone || here.account !== account) kept.set(event, (here = begin(account, event, zone)));
  const overlaps = (one: Occurrence) => {
    const shift = one.wholeDay ? DAY : 0; // midnights on the wall are up to a day from the same number as an instant
    return one.from - shift < to && (one.to + shift > from || (one.from === one.to && one.from >= from));
  };
  const found = here.single.filter(overlaps);
  if (!rulesOf(event).length) return found;
  const first = startOfMonth(Math.max(from - here.longest, parseLocal(event.start)) - DAY);
  for (let month = first, n = 0; month < to + DAY && n < MOST_MONTHS; month = nextMonth(month), n++) {
    let list = here.months.get(month);
    if (!list) here.months.set(month, (list = expand(account, event, month, zone)));
    for (const one of list) if (overlaps(one)) found.push(one);
  }
  return found;
}

function nextMonth(month: number): number {
  const at = new Date(month);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1);
}

function begin(account: string, event: CalendarEvent, zone: string): Kept {
  const overrides = Object.entries(event.recurrenceOverrides ?? {}).slice(0, MOST_OVERRIDES);
  const own = overrides.filter((pair): pair is [string, Override] => !!pair[1] && !pair[1].excluded);
  const single = own.flatMap(([id, override]) => made(account, event, id, { start: id, ...override } as Override, zone) ?? []);
  const startId = formatLocal(parseLocal(event.start));
  if (!overrides.some(([id]) => id === startId)) {
    const first = made(account, event, recurs(event) ? startId : null, {}, zone);
    if (first) single.push(first);
  }
  const { days, exact } = parseDuration(event.duration);
  return { account, zone, single, months: new Map(), longest: (days + 1) * DAY + exact };
}

/** The times of the rules within a month, without those that have an override and without the first. */
function expand(account: string, event: CalendarEvent, month: number, zone: string): Occurrence[] {
  const start = parseLocal(event.start);
  if (Number.isNaN(start)) return [];
  const within = (rules: RecurrenceRule[]) => rules.flatMap((rule) => timesOf(rule, start, month, nextMonth(month)));
  const excluded = new Set(within(event.excludedRecurrenceRules ?? []));
  const times = [...new Set(within(rulesOf(event)))].filter((time) => time !== start && !excluded.has(time));
  const overrides = event.recurrenceOverrides ?? {};
  return times.flatMap((time) => {
    const id = formatLocal(time);
    return overrides[id] ? [] : (made(account, event, id, { start: id }, zone) ?? []);
  });
}

/** One occurrence; null when its time makes no sense. */
function made(account: string, event: CalendarEvent, recurrenceId: string | null, override: Override, zone: string): Occurrence | null {
  const details = (Object.keys(override).length ? applyPatch(event as unknown as Fields, override) : event) as unknown as CalendarEvent;
  const start = parseLocal(details.start);
  if (Number.isNaN(start)) return null;
  const duration = parseDuration(details.duration);
  const wholeDay = !!details.showWithoutTime;
  const where = details.timeZone || zone;
  const from = wholeDay ? Math.floor(start / DAY) * DAY : instantOf(start, where);
  const to = wholeDay ? from + Math.max(1, duration.days) * DAY : Math.max(from, endOf(start, duration, where));
  return { ...details, key: `${account}/${event.id}/${recurrenceId ?? ''}`, account, event, recurrenceId, wholeDay, from, to };
}

/** In the order of time; what is longer first. */
export function byTime(a: Occurrence, b: Occurrence): number {
  return a.from - b.from || b.to - a.to || a.key.localeCompare(b.key);
}

/** Of a series the time that is now or comes next, else its first; of what happens once, that. Pure. */
export function nextOf(account: string, event: CalendarEvent, now: number, zone: string): Occurrence | undefined {
  const start = parseLocal(event.start);
  const coming = recurs(event) ? occurrencesOf(account, event, now, now + 400 * DAY, zone).sort(byTime)[0] : undefined;
  return coming ?? occurrencesOf(account, event, start - 2 * DAY, start + 400 * DAY, zone).sort(byTime)[0];
}
