/** Booking pages: strangers take a time of the person's by a link. What a page says, and how its hours are written. Pure. */
import { DAY, MINUTE } from '../kernel/time/local';
import { clock, weekdayName } from '../kernel/time/words';

/** As the server has one. `hours` are by weekday (`0` is Monday): from when to when, in minutes of the day. */
export interface BookingPage {
  id: string;
  calendarId: string;
  url: string;
  title: string;
  about: string;
  place: string;
  minutes: number;
  gapMinutes: number;
  noticeMinutes: number;
  days: number;
  mostADay: number;
  timeZone: string;
  hours: Record<string, [number, number][]>;
  /** Ids of principals who are to be free as well. */
  hosts: string[];
  paused: boolean;
}

/** Somebody who has booked. */
export interface Booking {
  id: string;
  eventId: string;
  utcStart: string;
  name: string;
  email: string;
}

export type Hours = BookingPage['hours'];
export const WEEK_DAYS = [0, 1, 2, 3, 4, 5, 6] as const;

/** What a new page begins with: the working hours, with an hour for lunch where there is room for one. */
export function newPage(calendarId: string, timeZone: string, work: { workdays: number[]; workStart: number; workEnd: number }): Omit<BookingPage, 'id' | 'url'> {
  const { workStart: from, workEnd: to } = work;
  const spans: [number, number][] = from < 720 && to > 840 ? [[from, 720], [780, to]] : [[from, to]];
  return {
    calendarId, timeZone, title: '', about: '', place: '', minutes: 30, gapMinutes: 0, noticeMinutes: 240, days: 30, mostADay: 0,
    hours: Object.fromEntries(work.workdays.map((day) => [String(day), spans.map(([a, b]): [number, number] => [a, b])])), hosts: [], paused: false,
  };
}

/** Whether there is a time at all, and each ends after it starts. */
export function hoursAreRight(hours: Hours): boolean {
  const spans = Object.values(hours).flat();
  return spans.length > 0 && spans.every(([from, to]) => from >= 0 && from < to && to <= 1440);
}

/** Sets one span of a day, or with null takes it out; a day without spans is none. */
export function withSpan(hours: Hours, day: number, index: number, span: [number, number] | null): Hours {
  const spans = [...(hours[day] ?? [])];
  if (span) spans[index] = span;
  else spans.splice(index, 1);
  const { [day]: _old, ...rest } = hours;
  return spans.length ? { ...rest, [day]: spans } : rest;
}

/** The span that is added to a day: an hour after the last one, or the morning. */
export function nextSpan(spans: readonly [number, number][]): [number, number] | null {
  const last = spans.at(-1);
  if (!last) return [540, 720];
  const from = Math.min(last[1] + 60, 1380);
  return from > last[1] ? [from, Math.min(from + 120, 1440)] : null;
}

/** Hours in words, days with the same hours together: `Mon–Fri 09:00–12:00, 13:00–18:00`. */
export function hoursWords(hours: Hours): string {
  const groups: { first: number; last: number; text: string }[] = [];
  for (const day of WEEK_DAYS) {
    const text = (hours[day] ?? []).map(([from, to]) => `${clock(from * MINUTE)}–${clock((to % 1440) * MINUTE + (to === 1440 ? DAY : 0))}`).join(', ');
    const before = groups.at(-1);
    if (before?.text === text && before.last === day - 1) before.last = day;
    else groups.push({ first: day, last: day, text });
  }
  const name = (day: number) => weekdayName(day, 'short');
  return groups.filter(({ text }) => text).map(({ first, last, text }) => `${first === last ? name(first) : `${name(first)}–${name(last)}`} ${text}`).join(' · ');
}

/** Minutes of the day as a time field writes them, and back; NaN for what is no time. */
export function fieldOf(minutes: number): string {
  const within = Math.min(minutes, 1439);
  return `${String(Math.floor(within / 60)).padStart(2, '0')}:${String(within % 60).padStart(2, '0')}`;
}
export function minutesOf(field: string): number {
  const [hours, minutes] = field.split(':').map(Number);
  return hours === undefined || minutes === undefined ? NaN : hours === 23 && minutes === 59 ? 1440 : hours * 60 + minutes;
}
