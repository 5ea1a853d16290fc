/** Between the clock on a wall somewhere and the instant it shows, by the browser's own time zone data. Pure. */
import { DAY, HOUR, startOfDay, type Duration } from './local';

const formats = new Map<string, Intl.DateTimeFormat | null>();
/** Offsets at the beginnings of UTC days, by zone: most days have one offset throughout. */
const offsets = new Map<string, Map<number, number>>();
const MOST_DAYS = 5_000;

function formatOf(zone: string): Intl.DateTimeFormat | null {
  let format = formats.get(zone);
  if (format === undefined) {
    try {
      format = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric', era: 'short' });
    } catch {
      format = null; // a zone of the sender's own: its times are read as they are written
    }
    formats.set(zone, format);
  }
  return format;
}

/** Whether the browser knows a zone. */
export function isZone(zone: string): boolean {
  return formatOf(zone) !== null;
}

/** How far a zone's wall clocks are ahead of UTC at an instant, in milliseconds; a zone nobody knows is this device's. */
export function offsetAt(zone: string, instant: number): number {
  const day = Math.floor(instant / DAY) * DAY;
  const before = offsetOfDay(zone, day);
  return before === offsetOfDay(zone, day + DAY) ? before : exactOffset(zone, instant);
}

function offsetOfDay(zone: string, day: number): number {
  let known = offsets.get(zone);
  if (!known) offsets.set(zone, (known = new Map()));
  let offset = known.get(day);
  if (offset === undefined) {
    if (known.size > MOST_DAYS) known.clear();
    known.set(day, (offset = exactOffset(zone, day)));
  }
  return offset;
}

function exactOffset(zone: string, instant: number): number {
  const format = formatOf(zone);
  if (!format) return -new Date(instant).getTimezoneOffset() * 60_000;
  const part: Record<string, string> = {};
  for (const { type, value } of format.formatToParts(instant)) part[type] = value;
  const year = part.era === 'BC' ? 1 - Number(part.year) : Number(part.year);
  return Date.UTC(year, Number(part.month) - 1, Number(part.day), Number(part.hour), Number(part.minute), Number(part.second)) - Math.floor(instant / 1000) * 1000;
}

/** What a zone's wall clocks show at an instant. */
export function wallOf(instant: number, zone: string): number {
  return instant + offsetAt(zone, instant);
}

/**
 * The instant at which a zone's wall clocks show a time. What they show twice is the first; what they never show is
 * reckoned by the offset before the clocks were changed (RFC 5545 §3.3.5).
 */
export function instantOf(wall: number, zone: string): number {
  const before = offsetAt(zone, wall - DAY);
  const after = offsetAt(zone, wall + DAY);
  if (before === after) return wall - before;
  const early = wall - before;
  return offsetAt(zone, early) === before || offsetAt(zone, wall - after) !== after ? early : wall - after;
}

/** The end of what begins at a wall-clock time: days of the calendar first, then exact time. */
export function endOf(start: number, { days, exact }: Duration, zone: string): number {
  return instantOf(start + days * DAY, zone) + exact;
}

/** This device's zone. */
export function ownZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone || 'Etc/UTC';
}

/** All zones the browser knows by name, those most like `own` first being the caller's to choose. */
export function zones(): string[] {
  return [...new Set([...Intl.supportedValuesOf('timeZone'), 'Etc/UTC'])];
}

/** `Europe/Paris` as a person reads it: `Paris`. */
export function cityOf(zone: string): string {
  return zone === 'Etc/UTC' || zone === 'UTC' ? 'UTC' : zone.split('/').at(-1)!.replaceAll('_', ' ');
}

/** `UTC+7`, `UTC−3:30`. */
export function offsetName(zone: string, instant: number): string {
  const offset = offsetAt(zone, instant);
  const [hours, minutes] = [Math.floor(Math.abs(offset) / HOUR), Math.round((Math.abs(offset) % HOUR) / 60_000)];
  return `UTC${offset < 0 ? '−' : '+'}${hours}${minutes ? `:${String(minutes).padStart(2, '0')}` : ''}`;
}

/** Today's day in a zone. */
export function todayIn(zone: string, now: number = Date.now()): number {
  return startOfDay(wallOf(now, zone));
}
