/** Times and rules of events as people say them, in the language in use. */
import { locale, t } from '../kernel/i18n.svelte';
import { DAY, parseLocal, WEEKDAYS, weekdayOf } from '../kernel/time/local';
import { wallsOf } from './layout';
import type { Occurrence } from './occurrence';
import type { RecurrenceRule } from '../kernel/time/rule';
import { capital, clock, dayName, lengthOf, wallFormat, weekdayName } from '../kernel/time/words';
import { wallOf } from '../kernel/time/zone';

/** When it is, in one line: `mardi 8 décembre, 09:00 – 10:00`. */
export function whenOf(one: Occurrence, zone: string, today: number): string {
  const { from, to } = wallsOf(one, zone);
  const last = to > from ? to - 1 : to;
  const sameDay = Math.floor(from / DAY) === Math.floor(last / DAY);
  if (one.wholeDay) return sameDay ? dayName(from, today) : `${dayName(from, today)} – ${dayName(last, today)}`;
  if (to === from) return t('calendar.dayAndClock', { day: dayName(from, today), time: clock(from) });
  if (sameDay || (to - from < DAY / 2 && to % DAY < 6 * 3_600_000)) return t('calendar.dayAndClock', { day: dayName(from, today), time: `${clock(from)} – ${clock(to)}` });
  return `${t('calendar.dayAndClock', { day: dayName(from, today), time: clock(from) })} – ${t('calendar.dayAndClock', { day: dayName(to, today), time: clock(to) })}`;
}

/** The time of day alone, for a block: `09:00 – 10:00`; nothing for whole days. */
export function clocksOf(one: Occurrence, zone: string): string {
  if (one.wholeDay) return '';
  const start = clock(wallOf(one.from, zone));
  return one.to > one.from ? `${start} – ${clock(wallOf(one.to, zone))}` : start;
}

/** A rule in words: `toutes les 2 semaines, le mardi et le jeudi, jusqu’au 3 mars 2027`. */
export function ruleWords(rule: RecurrenceRule, start: number): string {
  const end = rule.until ? t('calendar.untilDay', { day: wallFormat({ day: 'numeric', month: 'long', year: 'numeric' }).format(parseLocal(rule.until)) }) : rule.count !== undefined ? t('calendar.times', { count: rule.count }) : '';
  return capital([how(rule, start), end].filter(Boolean).join(', '));
}

function how(rule: RecurrenceRule, start: number): string {
  const count = Math.max(1, rule.interval ?? 1);
  const days = (rule.byDay ?? []).map(({ day }) => WEEKDAYS.indexOf(day)).sort((a, b) => a - b);
  const odd = rule.byYearDay?.length || rule.byWeekNo?.length || rule.byHour?.length || rule.byMinute?.length || rule.bySetPosition?.length;
  if (odd || !['yearly', 'monthly', 'weekly', 'daily'].includes(rule.frequency)) return t('calendar.repeatsOtherwise');
  if (rule.frequency === 'daily') return count === 1 ? t('calendar.everyDay') : t('calendar.everyDays', { count });
  if (rule.frequency === 'weekly') {
    if (count === 1 && days.join() === '0,1,2,3,4') return t('calendar.everyWorkday');
    const names = new Intl.ListFormat(locale()).format((days.length ? days : [weekdayOf(start)]).map((day) => t('calendar.onWeekday', { day: weekdayName(day) })));
    return `${count === 1 ? t('calendar.everyWeek') : t('calendar.everyWeeks', { count })}, ${names}`;
  }
  if (rule.frequency === 'monthly') return `${count === 1 ? t('calendar.everyMonth') : t('calendar.everyMonths', { count })}, ${monthDay(rule, start)}`;
  const day = rule.byDay?.length ? `${monthDay(rule, start)} (${wallFormat({ month: 'long' }).format(Date.UTC(2026, parseInt(rule.byMonth?.[0] ?? String(new Date(start).getUTCMonth() + 1), 10) - 1, 1))})` : t('calendar.onDate', { day: wallFormat({ day: 'numeric', month: 'long' }).format(start) });
  return `${count === 1 ? t('calendar.everyYear') : t('calendar.everyYears', { count })}, ${day}`;
}

function monthDay(rule: RecurrenceRule, start: number): string {
  const [first] = rule.byDay ?? [];
  if (first) return nthWords(first.nthOfPeriod ?? 1, WEEKDAYS.indexOf(first.day));
  const [day = new Date(start).getUTCDate()] = rule.byMonthDay ?? [];
  return day === -1 ? t('calendar.onLastDay') : t('calendar.onDayOfMonth', { day });
}

/** `le deuxième mardi`. */
export function nthWords(nth: number, weekday: number): string {
  const day = weekdayName(weekday);
  if (nth < 0) return t('calendar.onLast', { day });
  return t((['calendar.onFirst', 'calendar.onSecond', 'calendar.onThird', 'calendar.onFourth', 'calendar.onFifth'] as const)[Math.min(nth, 5) - 1]!, { day });
}

/** When one is reminded: minutes before the start. */
export function alertWords(minutes: number, wholeDay = false): string {
  if (wholeDay) return minutes <= 0 ? t('calendar.alertSameDay', { time: clock(-minutes * 60_000) }) : t('calendar.alertDaysBefore', { count: Math.ceil(minutes / 1440), time: clock((Math.ceil(minutes / 1440) * 1440 - minutes) * 60_000) });
  return minutes === 0 ? t('calendar.alertAtStart') : t('calendar.alertBefore', { time: lengthOf(minutes) });
}
