// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { DAY, formatLocal, parseLocal } from '../src/kernel/time/local';
import { endedBefore, lastOf, restOf, timesOf } from '../src/kernel/time/recurrence';
import type { RecurrenceRule } from '../src/kernel/time/rule';

const START = '1997-09-02T09:00:00';

function days(rule: RecurrenceRule, range: { start?: string; to?: string } = {}): string[] {
  const { start = START, to = '2000-01-01T00:00:00' } = range;
  return timesOf(rule, parseLocal(start), parseLocal(start), parseLocal(to)).map((time) => formatLocal(time).replace('T09:00:00', ''));
}

/** The examples of RFC 5545 §3.8.5.3. */
describe('timesOf', () => {
  it('every day, ten times or until a day, and every other day', () => {
    expect(days({ frequency: 'daily', count: 10 })).toEqual(['02', '03', '04', '05', '06', '07', '08', '09', '10', '11'].map((day) => `1997-09-${day}`));
    expect(days({ frequency: 'daily', until: '1997-12-24T00:00:00' }).at(-1)).toBe('1997-12-23');
    expect(days({ frequency: 'daily', interval: 10, count: 5 })).toEqual(['1997-09-02', '1997-09-12', '1997-09-22', '1997-10-02', '1997-10-12']);
  });
  it('every other week on several days; the first day of the week tells which weeks', () => {
    expect(days({ frequency: 'weekly', interval: 2, count: 8, byDay: [{ day: 'tu' }, { day: 'th' }], firstDayOfWeek: 'su' })).toEqual(['1997-09-02', '1997-09-04', '1997-09-16', '1997-09-18', '1997-09-30', '1997-10-02', '1997-10-14', '1997-10-16']);
    const weeks = (firstDayOfWeek: 'mo' | 'su') => days({ frequency: 'weekly', interval: 2, count: 4, byDay: [{ day: 'tu' }, { day: 'su' }], firstDayOfWeek }, { start: '1997-08-05T09:00:00' });
    expect(weeks('mo')).toEqual(['1997-08-05', '1997-08-10', '1997-08-19', '1997-08-24']);
    expect(weeks('su')).toEqual(['1997-08-05', '1997-08-17', '1997-08-19', '1997-08-31']);
  });
  it('days of the month by number, from its end, by weekday', () => {
    expect(days({ frequency: 'monthly', count: 6, byDay: [{ day: 'fr', nthOfPeriod: 1 }] }, { start: '1997-09-05T09:00:00' })).toEqual(['1997-09-05', '1997-10-03', '1997-11-07', '1997-12-05', '1998-01-02', '1998-02-06']);
    expect(days({ frequency: 'monthly', count: 3, byDay: [{ day: 'mo', nthOfPeriod: -2 }] }, { start: '1997-09-22T09:00:00' })).toEqual(['1997-09-22', '1997-10-20', '1997-11-17']);
    expect(days({ frequency: 'monthly', count: 4, byMonthDay: [1, -1] }, { start: '1997-09-30T09:00:00' })).toEqual(['1997-09-30', '1997-10-01', '1997-10-31', '1997-11-01']);
    expect(days({ frequency: 'monthly', count: 3 }, { start: '1997-10-31T09:00:00' })).toEqual(['1997-10-31', '1997-12-31', '1998-01-31']);
  });
  it('days of the year by number, week and weekday', () => {
    expect(days({ frequency: 'yearly', interval: 3, count: 4, byYearDay: [1, 100, 200] }, { start: '1997-01-01T09:00:00', to: '2010-01-01' })).toEqual(['1997-01-01', '1997-04-10', '1997-07-19', '2000-01-01']);
    expect(days({ frequency: 'yearly', byDay: [{ day: 'mo', nthOfPeriod: 20 }] }, { start: '1997-05-19T09:00:00' })).toEqual(['1997-05-19', '1998-05-18', '1999-05-17']);
    expect(days({ frequency: 'yearly', byWeekNo: [20], byDay: [{ day: 'mo' }] }, { start: '1997-05-12T09:00:00' })).toEqual(['1997-05-12', '1998-05-11', '1999-05-17']);
    expect(days({ frequency: 'yearly' }, { start: '1996-02-29T09:00:00', to: '2005-01-01' })).toEqual(['1996-02-29', '2000-02-29', '2004-02-29']);
  });
  it('several filters, and positions among what passes', () => {
    expect(days({ frequency: 'monthly', byDay: [{ day: 'fr' }], byMonthDay: [13] })).toEqual(['1998-02-13', '1998-03-13', '1998-11-13', '1999-08-13']);
    expect(days({ frequency: 'yearly', interval: 4, byMonth: ['11'], byDay: [{ day: 'tu' }], byMonthDay: [2, 3, 4, 5, 6, 7, 8] }, { start: '1996-11-05T09:00:00', to: '2005-01-01' })).toEqual(['1996-11-05', '2000-11-07', '2004-11-02']);
    const workdays = (['mo', 'tu', 'we', 'th', 'fr'] as const).map((day) => ({ day }));
    expect(days({ frequency: 'monthly', byDay: workdays, bySetPosition: [-2], count: 4 }, { start: '1997-09-29T09:00:00' })).toEqual(['1997-09-29', '1997-10-30', '1997-11-27', '1997-12-30']);
  });
  it('hours and minutes', () => {
    expect(days({ frequency: 'hourly', interval: 3, until: '1997-09-02T17:00:00' })).toEqual(['1997-09-02', '1997-09-02T12:00:00', '1997-09-02T15:00:00']);
    expect(days({ frequency: 'daily', byHour: [9, 10], byMinute: [0, 20, 40], count: 4 })).toEqual(['1997-09-02', '1997-09-02T09:20:00', '1997-09-02T09:40:00', '1997-09-02T10:00:00']);
  });
  it('is begun where one looks, however old the series, and ends with any rule', () => {
    const daily = timesOf({ frequency: 'daily' }, parseLocal('1900-01-01T09:00:00'), parseLocal('2026-12-07T00:00:00'), parseLocal('2026-12-09T00:00:00'));
    expect(daily.map(formatLocal)).toEqual(['2026-12-07T09:00:00', '2026-12-08T09:00:00']);
    const began = performance.now();
    expect(timesOf({ frequency: 'yearly', byMonth: ['2'], byMonthDay: [30] }, parseLocal(START), 0, 8e15)).toEqual([]);
    expect(timesOf({ frequency: 'secondly' }, parseLocal(START), parseLocal('2026-01-01T00:00:00'), parseLocal('2026-02-01T00:00:00')).length).toBe(1000);
    expect(timesOf({ frequency: 'minutely', byMonth: ['3'], count: 100 }, parseLocal(START), 0, 8e12).length).toBe(0);
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});

describe('a series that is cut in two', () => {
  const rule: RecurrenceRule = { frequency: 'weekly', count: 10 };
  const start = parseLocal(START);
  it('ends before the cut, and goes on with what is left of its count', () => {
    const cut = start + 21 * DAY;
    const first = timesOf(endedBefore(rule, start, cut), start, start, start + 900 * DAY);
    const second = timesOf(restOf(rule, start, cut), cut, cut, cut + 900 * DAY);
    expect([first.length, second.length]).toEqual([3, 7]);
    expect(endedBefore(rule, start, cut)).toEqual({ frequency: 'weekly', count: 3 });
    expect(endedBefore({ frequency: 'weekly' }, start, cut).until).toBe('1997-09-23T08:59:59');
    expect([...first, ...second]).toEqual(timesOf(rule, start, start, start + 900 * DAY));
  });
  it('has a last time when it ends', () => {
    expect(formatLocal(lastOf(rule, start)!)).toBe('1997-11-04T09:00:00');
    expect(lastOf({ frequency: 'daily' }, start)).toBeNull();
    expect(formatLocal(lastOf({ frequency: 'daily', until: '2020-01-01T10:00:00' }, start)!)).toBe('2020-01-01T09:00:00');
  });
});
