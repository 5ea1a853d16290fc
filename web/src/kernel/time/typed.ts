/** Days, times of day and lengths as people type them into a field: `3/12`, `mardi`, `1 déc. 2026`, `15h30`, `3 pm`, `1 h 30`. */
import { folded } from '../fold';
import { locale, t } from '../i18n.svelte';
import { DAY, formatDay, formatDays, formatExact, MINUTE, parseDuration, parseLocal, startOfDay } from './local';
import { quick } from './quick';
import { clock, lengthOf, wallFormat, weekdayName } from './words';

/** A day as a field shows it: `mar. 1 déc. 2026`. */
export function dayText(day: string): string {
  return day ? wallFormat({ weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' }).format(parseLocal(day)) : '';
}

/** A day as it would be typed in numbers: `31/12/2026`. */
export function dayExample(): string {
  return wallFormat({ day: '2-digit', month: '2-digit', year: 'numeric' }).format(Date.UTC(2026, 11, 31));
}

/** How a day is typed in numbers: `jj/mm/aaaa`. */
export function dayPattern(): string {
  const letters: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = { day: t('ui.dayLetters'), month: t('ui.monthLetters'), year: t('ui.yearLetters') };
  return wallFormat({ day: '2-digit', month: '2-digit', year: 'numeric' }).formatToParts(0).map(({ type, value }) => letters[type] ?? value).join('');
}

/** What was typed as `2026-12-01`; '' for nothing, null for what is no day. `now` is the wall's time. */
export function parseDay(typed: string, now: number): string | null {
  const text = typed.trim().slice(0, 100);
  if (!text) return '';
  if (!Number.isNaN(parseLocal(text)) && text.length === 10) return text;
  const plain = withoutWeekday(folded(text));
  const day = numbersIn(named(plain), now) ?? numbersIn(plain, now);
  if (day !== null) return day;
  const { title, wholeDay, start, rule } = quick(text, now, locale());
  return !title && wholeDay && !rule ? formatDay(start) : null;
}

function withoutWeekday(text: string): string {
  for (const style of ['long', 'short'] as const) {
    for (let day = 0; day < 7; day++) {
      const name = folded(weekdayName(day, style));
      if (text.startsWith(name)) return text.slice(name.length).replace(/^[\s.,]+/, '') || text;
    }
  }
  return text;
}

/** With the name of a month as its number between slashes. */
function named(text: string): string {
  const names = (['long', 'short'] as const).flatMap((month) => Array.from({ length: 12 }, (_none, at) => [nameOf(month, at), at + 1] as const));
  const found = names.sort(([a], [b]) => b.length - a.length).find(([name]) => text.includes(name));
  return found ? text.replace(found[0], ` /${found[1]}/ `) : text;
}

function nameOf(month: 'long' | 'short', at: number): string {
  const parts = wallFormat({ day: 'numeric', month }).formatToParts(Date.UTC(2026, at, 1));
  return folded(parts.find(({ type }) => type === 'month')?.value ?? '').replace(/\.$/, '');
}

/** Day, month and perhaps year; the day is first unless its month is named before it, or people here write it so. */
function numbersIn(text: string, now: number): string | null {
  const match = /^\s*(\/)?\s*(\d{1,2})\s*[/.\-\s,]+\s*(\d{1,2})(?:\s*[/.\-\s,]+\s*(\d{4}|\d{2}))?\s*[/.,]*\s*$/.exec(text);
  if (!match) return null;
  const [, slash, one, two, last] = match;
  const parts = wallFormat({ day: 'numeric', month: 'numeric', year: 'numeric' }).formatToParts(0).map(({ type }) => type);
  const monthFirst = slash ? true : text.includes(' /') ? false : parts.indexOf('month') < parts.indexOf('day');
  const [month, day] = (monthFirst ? [one, two] : [two, one]).map(Number) as [number, number];
  const of = (year: number) => {
    const at = Date.UTC(year, month - 1, day);
    return new Date(at).getUTCDate() === day && new Date(at).getUTCMonth() === month - 1 ? at : null;
  };
  const year = last === undefined ? new Date(now).getUTCFullYear() : Number(last) + (last.length === 2 ? 2000 : 0);
  const at = of(year);
  const next = at !== null && last === undefined && at < startOfDay(now) - 30 * DAY ? of(year + 1) : at;
  return next === null ? null : formatDay(next);
}

/** A time of day as a field shows it: `15:30`, `3:30 PM`. */
export function clockText(time: string): string {
  return time ? clock(minutesIn(time) * MINUTE) : '';
}

/** Minutes since midnight of `15:30`. */
export function minutesIn(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
}

/** `15:30` of minutes since midnight. */
export function timeIn(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
}

/** What was typed as `15:30`; '' for nothing, null for what is no time of day. */
export function parseClock(typed: string): string | null {
  const text = folded(typed).trim();
  if (!text) return '';
  const match = /^(\d{1,2})(?:\s*(?:[:.h]|gio|heures?)\s*(\d{2})?|(\d{2}))?\s*(?:(am|a\.m\.|sa|sang)|(pm|p\.m\.|ch|chieu|toi))?$/.exec(text);
  if (match) {
    const [, hours, minutes = match[3] ?? '0', , morning, afternoon] = match;
    const hour = (Number(hours) % (morning || afternoon ? 12 : 24)) + (afternoon ? 12 : 0);
    const valid = Number(hours) <= (morning || afternoon ? 12 : 23) && Number(minutes) < 60;
    return valid ? timeIn(hour * 60 + Number(minutes)) : null;
  }
  const { title, wholeDay, start } = quick(typed, Date.UTC(2026, 0, 5), locale());
  return title || wholeDay ? null : timeIn(Math.round((start % DAY) / MINUTE));
}

/** A length (RFC 8984 §1.4.6) as a field shows it: `1 h 30 min`, `2 days`; '' for none. */
export function lengthText(duration: string): string {
  const { days, exact } = parseDuration(duration);
  return [days ? lengthOf((days * DAY) / MINUTE) : '', exact ? lengthOf(exact / MINUTE) : ''].filter(Boolean).join(' ');
}

const LENGTH = /^(?:(\d{1,3})\s*(?:d|days?|j|jours?|ngay))?\s*(?:(\d{1,3}(?:[.,]\d{1,2})?)\s*(?:h|hrs?|hours?|heures?|g|gio|tieng))?\s*(?:(\d{1,4})\s*(?:m|mn|mins?|minutes?|p|ph|phut)?|((?:et |and a )?(?:demie?|half|ruoi)))?$/;

/** What was typed as `PT1H30M`; '' for nothing, null for what is no length. A digit alone, or parts of one, are hours; else a number is minutes. */
export function parseLength(typed: string): string | null {
  const text = folded(typed).trim().replace(/^(\d{1,3}):(\d{2})$/, '$1h$2').replace(/^(\d|\d+[.,]\d+)$/, '$1h');
  const match = LENGTH.exec(text);
  if (!match) return null;
  const [, days, hours = '0', minutes = '0', half] = match;
  const exact = Math.round(Number(hours.replace(',', '.')) * 60 + Number(minutes) + (half ? 30 : 0)) * MINUTE;
  return Number(days) ? formatDays(Number(days)) + (exact ? formatExact(exact).slice(1) : '') : exact ? formatExact(exact) : '';
}
