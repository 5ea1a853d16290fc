/** Dates and sizes as people write them, in the language in use. */
import { locale, region, t } from './i18n.svelte';

const DAY = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

function format(name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${region()} ${name}`;
  let made = formats.get(key);
  if (!made) formats.set(key, (made = new Intl.DateTimeFormat(region(), options)));
  return made;
}

/** Where clocks have twelve hours it is 9:05 AM, elsewhere 09:05. */
function hour(): 'numeric' | '2-digit' {
  return format('hour', { hour: 'numeric' }).resolvedOptions().hour12 ? 'numeric' : '2-digit';
}

function startOfDay(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

/** Whole days from `date` to `now`, by the calendar and not by the clock. */
export function daysAgo(date: Date, now: Date = new Date()): number {
  return Math.round((startOfDay(now) - startOfDay(date)) / DAY);
}

/** For lists: time today, weekday in the last six days, day and month this year, else with the year. */
export function shortDate(iso: string, now: Date = new Date()): string {
  const date = new Date(iso);
  const days = daysAgo(date, now);
  if (days <= 0) return format('time', { hour: hour(), minute: '2-digit' }).format(date);
  // Put together here: left alone, Vietnamese writes the time before the day.
  if (days < 7) return `${format('weekday', { weekday: 'short' }).format(date)} ${timeOfDay(iso)}`;
  if (date.getFullYear() === now.getFullYear()) return format('day', { day: 'numeric', month: 'short' }).format(date);
  return format('date', { day: '2-digit', month: '2-digit', year: 'numeric' }).format(date);
}

/** As `shortDate`, without the time. */
export function shortDay(iso: string, now: Date = new Date()): string {
  const days = daysAgo(new Date(iso), now);
  return days > 0 && days < 7 ? format('weekday', { weekday: 'short' }).format(new Date(iso)) : shortDate(iso, now);
}

/** For what is to come: time today, weekday and time within six days, else the day. */
export function shortWhen(iso: string, now: Date = new Date()): string {
  const days = -daysAgo(new Date(iso), now);
  if (days <= 0) return timeOfDay(iso);
  return days < 7 ? `${format('weekday', { weekday: 'short' }).format(new Date(iso))} ${timeOfDay(iso)}` : format('day', { day: 'numeric', month: 'short' }).format(new Date(iso));
}

/** Only the time of day. */
export function timeOfDay(iso: string): string {
  return format('time', { hour: hour(), minute: '2-digit' }).format(new Date(iso));
}

/** With weekday and year. */
export function longDay(iso: string): string {
  return format('long', { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }).format(new Date(iso));
}

/** As `longDay` with the time, for the head of a message. */
export function longDate(iso: string): string {
  return t('ui.dayAndTime', { day: longDay(iso), time: timeOfDay(iso) });
}

/** The heading under which a date stands in a list: equal texts are one group. */
export function dateGroup(iso: string, now: Date = new Date()): string {
  const date = new Date(iso);
  const days = daysAgo(date, now);
  if (days <= 0) return t('ui.today');
  if (days === 1) return t('ui.yesterday');
  const weekday = (now.getDay() + 6) % 7;
  if (days <= weekday) return t('ui.thisWeek');
  if (days <= weekday + 7) return t('ui.lastWeek');
  const month = format('month', date.getFullYear() === now.getFullYear() ? { month: 'long' } : { month: 'long', year: 'numeric' });
  const text = (date.getFullYear() === now.getFullYear() ? month : format('monthYear', { month: 'long', year: 'numeric' })).format(date);
  return text.charAt(0).toLocaleUpperCase(locale()) + text.slice(1);
}

/** A size in octets as kB or MB of a thousand. */
export function fileSize(octets: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];
  let size = octets;
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return new Intl.NumberFormat(locale(), {
    style: 'unit',
    unit: units[unit],
    unitDisplay: unit ? 'short' : 'long', // a short byte knows no plural in English
    maximumFractionDigits: unit > 1 && size < 10 ? 1 : 0,
  }).format(size);
}
