/**
 * Wall-clock time as numbers: milliseconds since 1970 as if the clock on the wall were UTC's. All layout, dragging
 * and recurrence is reckoned with these; `zone.ts` turns them into instants. JSCalendar's LocalDateTime and
 * Duration (RFC 8984 §1.4.4, §1.4.6). Pure.
 */
import type { Weekday } from './rule';

export const MINUTE = 60_000;
export const HOUR = 3_600_000;
export const DAY = 86_400_000;
export const WEEK = 7 * DAY;
/** In the order of the ISO week. */
export const WEEKDAYS: readonly Weekday[] = ['mo', 'tu', 'we', 'th', 'fr', 'sa', 'su'];

/** `2026-12-08T09:00:00` as a number; NaN for what is none. */
export function parseLocal(text: string): number {
  return /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?)?$/.test(text) ? Date.parse(text.length === 10 ? `${text}T00:00:00Z` : `${text}Z`) : NaN;
}

/** A number as `2026-12-08T09:00:00`. */
export function formatLocal(at: number): string {
  return new Date(at).toISOString().slice(0, 19);
}

/** Its day as `2026-12-08`. */
export function formatDay(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

export function startOfDay(at: number): number {
  return Math.floor(at / DAY) * DAY;
}

/** The ISO day of the week: 0 is Monday. */
export function weekdayOf(at: number): number {
  return (((Math.floor(at / DAY) + 3) % 7) + 7) % 7;
}

/** The first day of the week of a time; `first` is the week's first day, 0 for Monday. */
export function startOfWeek(at: number, first = 0): number {
  return startOfDay(at) - ((weekdayOf(at) - first + 7) % 7) * DAY;
}

export function startOfMonth(at: number): number {
  const date = new Date(at);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
}

/** The same day of another month, or that month's last when it has no such day. */
export function addMonths(at: number, months: number): number {
  const date = new Date(at);
  const first = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months);
  return first + (Math.min(date.getUTCDate(), daysInMonth(first)) - 1) * DAY + (at - startOfDay(at));
}

export function daysInMonth(at: number): number {
  const date = new Date(at);
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
}

/** The number of the ISO week (ISO 8601): the week of a year's first Thursday is its first. */
export function weekNumber(at: number): number {
  const thursday = startOfWeek(at) + 3 * DAY;
  const first = Date.UTC(new Date(thursday).getUTCFullYear(), 0, 1);
  return Math.floor((thursday - first) / WEEK) + 1;
}

/** A duration's whole days, which are days of the calendar, and the exact milliseconds besides. */
export interface Duration {
  days: number;
  exact: number;
}

/** `P1DT2H30M`; nothing for what is none. */
export function parseDuration(text: string | undefined): Duration {
  const [, sign, weeks, days, hours, minutes, seconds] = /^([+-])?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?)?$/.exec(text ?? '') ?? [];
  const factor = sign === '-' ? -1 : 1;
  return {
    days: factor * (Number(weeks ?? 0) * 7 + Number(days ?? 0)),
    exact: factor * (Number(hours ?? 0) * HOUR + Number(minutes ?? 0) * MINUTE + Number(seconds ?? 0) * 1000),
  };
}

/** Exact milliseconds as `PT1H30M`. */
export function formatExact(length: number): string {
  const rest = Math.abs(length);
  const [hours, minutes, seconds] = [Math.floor(rest / HOUR), Math.floor((rest % HOUR) / MINUTE), Math.floor((rest % MINUTE) / 1000)];
  const text = `${hours ? `${hours}H` : ''}${minutes ? `${minutes}M` : ''}${seconds ? `${seconds}S` : ''}`;
  return `${length < 0 ? '-' : ''}PT${text || '0S'}`;
}

/** Whole days as `P2D`. */
export function formatDays(days: number): string {
  return `P${Math.max(1, Math.round(days))}D`;
}
