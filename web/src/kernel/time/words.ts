/** Days and times of day as people say them, in the language in use. All are wall-clock times (`local.ts`). */
import { locale, region } from '../i18n.svelte';
import { DAY } from './local';

const formats = new Map<string, Intl.DateTimeFormat>();

/** Formats wall-clock times: as if they were UTC's. */
export function wallFormat(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${region()} ${JSON.stringify(options)}`;
  let made = formats.get(key);
  if (!made) formats.set(key, (made = new Intl.DateTimeFormat(region(), { ...options, timeZone: 'UTC' })));
  return made;
}

/** Whether clocks have twelve hours where the person is. */
function twelve(): boolean {
  return !!wallFormat({ hour: 'numeric' }).resolvedOptions().hour12;
}

/** `09:00`, `9:00 AM`. */
export function clock(wall: number): string {
  return wallFormat({ hour: twelve() ? 'numeric' : '2-digit', minute: '2-digit' }).format(wall);
}

/** The hours beside a grid: `09:00`, `9 AM`. */
export function hourName(hour: number): string {
  return twelve() ? wallFormat({ hour: 'numeric' }).format(hour * 3_600_000) : `${String(hour).padStart(2, '0')}:00`;
}

/** `mardi 8 décembre`, with the year when it is another than today's. */
export function dayName(wall: number, today: number, style: 'long' | 'short' = 'long'): string {
  const year = new Date(wall).getUTCFullYear() !== new Date(today).getUTCFullYear();
  return wallFormat({ weekday: style, day: 'numeric', month: style, ...(year ? { year: 'numeric' } : {}) }).format(wall);
}

/** Length in words: `1 h 30`, `45 min`, `2 days`. */
export function lengthOf(minutes: number): string {
  const unit = (value: number, name: 'day' | 'hour' | 'minute', display: 'short' | 'long') => new Intl.NumberFormat(locale(), { style: 'unit', unit: name, unitDisplay: display }).format(value);
  if (minutes >= 1440 && minutes % 1440 === 0) return unit(minutes / 1440, 'day', 'long');
  const [hours, rest] = [Math.floor(minutes / 60), Math.round(minutes % 60)];
  return [hours ? unit(hours, 'hour', 'short') : '', rest || !hours ? unit(rest, 'minute', 'short') : ''].filter(Boolean).join(' ');
}

/** A weekday's name; 0 is Monday. */
export function weekdayName(day: number, style: 'long' | 'short' | 'narrow' = 'long'): string {
  return wallFormat({ weekday: style }).format((day + 4) * DAY); // 5 January 1970 was a Monday
}

/** The same in two letters: `lu`, `Mo`, `T2`. */
export function weekdayLetters(day: number): string {
  const narrow = weekdayName(day, 'narrow'); // in Vietnamese the short names all begin alike
  return narrow.length === 2 ? narrow : weekdayName(day, 'short').slice(0, 2);
}

export function capital(text: string): string {
  return text.charAt(0).toLocaleUpperCase(locale()) + text.slice(1);
}
