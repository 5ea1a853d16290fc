// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { addMonths, formatDay, formatExact, formatLocal, parseDuration, parseLocal, startOfWeek, weekNumber } from '../src/kernel/time/local';
import { endOf, instantOf, offsetName, wallOf } from '../src/kernel/time/zone';

const utc = (text: string) => Date.parse(text);

describe('wall clocks', () => {
  it('are told from instants in any zone', () => {
    expect(formatLocal(wallOf(utc('2026-07-01T12:00:00Z'), 'Europe/Paris'))).toBe('2026-07-01T14:00:00');
    expect(formatLocal(wallOf(utc('2026-12-01T12:00:00Z'), 'Asia/Ho_Chi_Minh'))).toBe('2026-12-01T19:00:00');
    expect(instantOf(parseLocal('2026-12-08T09:00:00'), 'America/New_York')).toBe(utc('2026-12-08T14:00:00Z'));
    expect(offsetName('America/St_Johns', utc('2026-12-08T14:00:00Z'))).toBe('UTC−3:30');
  });
  it('that show a time twice mean the first, and never-shown times are reckoned by the offset before', () => {
    expect(instantOf(parseLocal('2026-10-25T02:30:00'), 'Europe/Paris')).toBe(utc('2026-10-25T00:30:00Z'));
    expect(instantOf(parseLocal('2026-03-29T02:30:00'), 'Europe/Paris')).toBe(utc('2026-03-29T01:30:00Z'));
    expect(instantOf(parseLocal('2026-03-29T12:00:00'), 'Europe/Paris')).toBe(utc('2026-03-29T10:00:00Z'));
    expect(instantOf(parseLocal('2026-03-29T01:59:00'), 'Europe/Paris')).toBe(utc('2026-03-29T00:59:00Z'));
  });
  it('agree with instants on every hour of a year, but for the hour that is shown twice', () => {
    for (const zone of ['Europe/Paris', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'America/Sao_Paulo']) {
      const wrong: string[] = [];
      for (let at = utc('2026-01-01T00:00:00Z'); at < utc('2027-01-01T00:00:00Z'); at += 1_800_000) if (instantOf(wallOf(at, zone), zone) !== at) wrong.push(formatLocal(at));
      expect([zone, wrong.length <= 2]).toEqual([zone, true]);
    }
  });
  it('days of the calendar are not always 24 hours', () => {
    const start = parseLocal('2026-10-24T12:00:00');
    expect(endOf(start, parseDuration('P1D'), 'Europe/Paris') - instantOf(start, 'Europe/Paris')).toBe(25 * 3_600_000);
    expect(endOf(start, parseDuration('PT24H'), 'Europe/Paris') - instantOf(start, 'Europe/Paris')).toBe(24 * 3_600_000);
  });
});

describe('days and durations', () => {
  it('are read and written', () => {
    expect(parseDuration('P1W2DT3H4M5S')).toEqual({ days: 9, exact: 11_045_000 });
    expect(parseDuration('-PT15M')).toEqual({ days: -0, exact: -900_000 });
    expect([formatExact(5_400_000), formatExact(-600_000), formatExact(0)]).toEqual(['PT1H30M', '-PT10M', 'PT0S']);
  });
  it('weeks begin where one says, and are numbered as ISO 8601 does', () => {
    const at = parseLocal('2026-12-10T15:00:00');
    expect([formatDay(startOfWeek(at)), formatDay(startOfWeek(at, 6))]).toEqual(['2026-12-07', '2026-12-06']);
    expect(['2026-12-10', '2027-01-01', '2024-12-30', '2021-01-03'].map((day) => weekNumber(parseLocal(day)))).toEqual([50, 53, 1, 53]);
  });
  it('a month later is the same day, or the last there is', () => {
    expect(['2026-01-31T09:00:00', '2026-12-15T00:00:00'].map((day) => formatLocal(addMonths(parseLocal(day), 1)))).toEqual(['2026-02-28T09:00:00', '2027-01-15T00:00:00']);
  });
});
