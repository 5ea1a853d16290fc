/**
 * The times that a recurrence rule gives (RFC 8984 §4.3.3, the same rules as RFC 5545 §3.3.10), in wall-clock time
 * (`local.ts`). Periods of the rule's frequency are gone through one by one; of each, the days that pass all filters.
 * Bounded: periods before what is asked for are stepped over, and no rule, however odd, has more than `WORK` days looked at. Pure.
 */
import { DAY, daysInMonth, formatLocal, HOUR, MINUTE, parseLocal, startOfDay, startOfMonth, startOfWeek, WEEK, WEEKDAYS, weekdayOf } from './local';
import type { RecurrenceRule } from './rule';

const WORK = 50_000;
const MOST = 1_000;
const SECOND = 1_000;

type Frequency = RecurrenceRule['frequency'];
const DAYS: Record<Frequency, number> = { yearly: 366, monthly: 31, weekly: 7, daily: 1, hourly: 1, minutely: 1, secondly: 1 };
const EXACT: Partial<Record<Frequency, number>> = { weekly: WEEK, daily: DAY, hourly: HOUR, minutely: MINUTE, secondly: SECOND };

/** The times of a rule from `from` to before `to`, of a series that begins at `start`; at most a thousand. */
export function timesOf(rule: RecurrenceRule, start: number, from: number, to: number): number[] {
  const until = rule.until ? parseLocal(rule.until) : Infinity;
  const end = Math.min(to, until + 1);
  const filled = withDefaults(rule, start);
  const times: number[] = [];
  let left = rule.count ?? Infinity;
  let index = rule.count === undefined ? firstPeriod(rule, start, from) : 0;
  for (let work = 0; work < WORK && left > 0 && times.length < MOST; work += DAYS[rule.frequency], index++) {
    const period = periodAt(rule, start, index);
    if (period >= end) break;
    for (const time of timesIn(filled, period, start)) {
      if (time < start) continue;
      if (time >= end || left-- <= 0) return times;
      if (time >= from) times.push(time);
      if (times.length >= MOST) break;
    }
  }
  return times;
}

/** The last time of a series that ends; null for one that does not. */
export function lastOf(rule: RecurrenceRule, start: number): number | null {
  if (rule.count === undefined && !rule.until) return null;
  const end = rule.until ? parseLocal(rule.until) + 1 : start + 200 * 366 * DAY;
  return timesOf(rule, start, rule.count === undefined ? Math.max(start, end - 400 * DAY) : start, end).at(-1) ?? null;
}

/** What a rule leaves to the start of the series. RFC 8984 §4.3.3.1 */
function withDefaults(rule: RecurrenceRule, start: number): RecurrenceRule {
  const { frequency, byDay, byMonthDay, byYearDay, byWeekNo, byMonth } = rule;
  const day = WEEKDAYS[weekdayOf(start)]!;
  const date = new Date(start);
  if (byDay?.length || byMonthDay?.length || byYearDay?.length) return rule;
  if (frequency === 'weekly' || (frequency === 'yearly' && byWeekNo?.length)) return { ...rule, byDay: [{ day }] };
  if (frequency === 'monthly') return { ...rule, byMonthDay: [date.getUTCDate()] };
  if (frequency === 'yearly') return { ...rule, byMonth: byMonth?.length ? byMonth : [String(date.getUTCMonth() + 1)], byMonthDay: [date.getUTCDate()] };
  return rule;
}

function interval(rule: RecurrenceRule): number {
  return Math.max(1, Math.floor(rule.interval ?? 1));
}

function weekStart(rule: RecurrenceRule): number {
  return Math.max(0, WEEKDAYS.indexOf(rule.firstDayOfWeek ?? 'mo'));
}

/** Where the period that holds a time begins. */
function periodOf(rule: RecurrenceRule, at: number): number {
  const { frequency } = rule;
  if (frequency === 'yearly') return Date.UTC(new Date(at).getUTCFullYear(), 0, 1);
  if (frequency === 'monthly') return startOfMonth(at);
  if (frequency === 'weekly') return startOfWeek(at, weekStart(rule));
  return Math.floor(at / EXACT[frequency]!) * EXACT[frequency]!;
}

/** Where the period of a number begins; the start of the series is in period 0. */
function periodAt(rule: RecurrenceRule, start: number, index: number): number {
  const first = periodOf(rule, start);
  const step = index * interval(rule);
  const date = new Date(first);
  if (rule.frequency === 'yearly') return Date.UTC(date.getUTCFullYear() + step, 0, 1);
  if (rule.frequency === 'monthly') return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + step, 1);
  return first + step * EXACT[rule.frequency]!;
}

/** The number of the last period that begins at or before a time. */
function firstPeriod(rule: RecurrenceRule, start: number, from: number): number {
  if (from <= start) return 0;
  const [first, wanted] = [new Date(periodOf(rule, start)), new Date(from)];
  const years = wanted.getUTCFullYear() - first.getUTCFullYear();
  const periods = rule.frequency === 'yearly' ? years : rule.frequency === 'monthly' ? years * 12 + wanted.getUTCMonth() - first.getUTCMonth() : (from - first.getTime()) / EXACT[rule.frequency]!;
  return Math.max(0, Math.floor(periods / interval(rule)));
}

/** The times of one period, in order, those before the start of the series among them. */
function timesIn(rule: RecurrenceRule, period: number, start: number): number[] {
  const { frequency } = rule;
  const length = frequency === 'yearly' ? Date.UTC(new Date(period).getUTCFullYear() + 1, 0, 1) - period : frequency === 'monthly' ? daysInMonth(period) * DAY : frequency === 'weekly' ? WEEK : DAY;
  const clocks = clocksOf(rule, period, start);
  const times: number[] = [];
  if (clocks.length) {
    for (let day = startOfDay(period); day < startOfDay(period) + length; day += DAY) {
      if (passes(rule, day)) for (const clock of clocks) times.push(day + clock);
    }
  }
  const positions = rule.bySetPosition;
  if (!positions?.length) return times;
  const chosen = positions.map((position) => times.at(position > 0 ? position - 1 : position));
  return [...new Set(chosen.filter((time) => time !== undefined))].sort((a, b) => a - b);
}

/** The times of day of a period: those named, else the start's; within an hour, minute or second only what is in it. */
function clocksOf(rule: RecurrenceRule, period: number, start: number): number[] {
  const rank = ['secondly', 'minutely', 'hourly'].indexOf(rule.frequency);
  const at = (unit: number, within: number) => Math.floor((period % DAY + DAY) % DAY / unit) % within;
  const of = (unit: number, within: number) => Math.floor((start % DAY + DAY) % DAY / unit) % within;
  const choose = (named: number[] | undefined, fixed: boolean, unit: number, within: number) => {
    if (fixed) return !named?.length || named.includes(at(unit, within)) ? [at(unit, within)] : [];
    return named?.length ? [...named].sort((a, b) => a - b) : [of(unit, within)];
  };
  const hours = choose(rule.byHour, rank >= 0, HOUR, 24);
  const minutes = choose(rule.byMinute, rank >= 0 && rank <= 1, MINUTE, 60);
  const seconds = choose(rule.bySecond, rank === 0, SECOND, 60);
  return hours.flatMap((hour) => minutes.flatMap((minute) => seconds.map((second) => hour * HOUR + minute * MINUTE + second * SECOND)));
}

/** Whether a day passes every filter of the rule. */
function passes(rule: RecurrenceRule, day: number): boolean {
  const date = new Date(day);
  const [year, month, dayOfMonth] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
  const yearDay = Math.round((day - Date.UTC(year, 0, 1)) / DAY) + 1;
  const yearDays = Math.round((Date.UTC(year + 1, 0, 1) - Date.UTC(year, 0, 1)) / DAY);
  if (rule.byMonth?.length && !rule.byMonth.some((one) => parseInt(one, 10) === month)) return false;
  if (rule.byMonthDay?.length && !has(rule.byMonthDay, dayOfMonth, daysInMonth(day))) return false;
  if (rule.byYearDay?.length && !has(rule.byYearDay, yearDay, yearDays)) return false;
  if (rule.byWeekNo?.length && !inWeek(rule, day)) return false;
  if (!rule.byDay?.length) return true;
  const name = WEEKDAYS[weekdayOf(day)];
  const inMonth = rule.frequency === 'monthly' || (rule.frequency === 'yearly' && !!rule.byMonth?.length);
  const [at, all] = inMonth ? [dayOfMonth, daysInMonth(day)] : [yearDay, yearDays];
  return rule.byDay.some(({ day: wanted, nthOfPeriod: nth }) => wanted === name && (!nth || !['monthly', 'yearly'].includes(rule.frequency) || nth === Math.ceil(at / 7) || nth === -Math.ceil((all - at + 1) / 7)));
}

/** Whether a list, which counts from the end with numbers below zero, names the `at`th of `all`. */
function has(list: number[], at: number, all: number): boolean {
  return list.includes(at) || list.includes(at - all - 1);
}

/** Weeks are numbered as ISO 8601 does, by the rule's first day of the week. */
function inWeek(rule: RecurrenceRule, day: number): boolean {
  const first = weekStart(rule);
  const numberOf = (at: number) => {
    const middle = startOfWeek(at, first) + 3 * DAY;
    return { year: new Date(middle).getUTCFullYear(), week: Math.floor((middle - Date.UTC(new Date(middle).getUTCFullYear(), 0, 1)) / WEEK) + 1 };
  };
  const { year, week } = numberOf(day);
  return has(rule.byWeekNo!, week, numberOf(Date.UTC(year, 11, 28)).week);
}

/** A rule with its count lowered by what came before a time, for a series that goes on from there. */
export function restOf(rule: RecurrenceRule, start: number, from: number): RecurrenceRule {
  if (rule.count === undefined) return rule;
  const before = timesOf({ ...rule }, start, start, from).length;
  return { ...rule, count: Math.max(1, rule.count - before) };
}

/** A rule that ends before a time: one that counts counts less, so that everybody sees that it merely ends earlier. */
export function endedBefore(rule: RecurrenceRule, start: number, at: number): RecurrenceRule {
  if (rule.count === undefined) return { ...rule, until: formatLocal(at - SECOND) };
  return { ...rule, count: Math.max(1, timesOf(rule, start, start, at).length) };
}
