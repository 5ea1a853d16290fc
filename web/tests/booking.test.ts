import { beforeEach, describe, expect, it } from 'vitest';
import { fieldOf, hoursAreRight, hoursWords, minutesOf, newPage, nextSpan, withSpan } from '../src/calendar/booking';
import * as en from '../messages/en';
import { useMessages } from '../src/kernel/i18n.svelte';

describe('hours of a booking page', () => {
  beforeEach(() => useMessages('en', en.default as never));

  it('begin with the working hours, without the middle of the day', () => {
    const { hours } = newPage('c', 'Europe/Paris', { workdays: [0, 4], workStart: 540, workEnd: 1080 });
    expect(hours).toEqual({ 0: [[540, 720], [780, 1080]], 4: [[540, 720], [780, 1080]] });
    expect(newPage('c', 'Etc/UTC', { workdays: [1], workStart: 800, workEnd: 900 }).hours).toEqual({ 1: [[800, 900]] });
  });

  it('are wrong when there are none, or when one ends before it starts', () => {
    expect([{}, { 0: [[600, 540]] }, { 0: [[0, 1441]] }, { 0: [[0, 1440]] }].map((hours) => hoursAreRight(hours as never))).toEqual([false, false, false, true]);
  });

  it('are set, added to and taken away; a day without any is none', () => {
    const hours = withSpan({}, 2, 0, [540, 600]);
    expect(withSpan(hours, 2, 1, nextSpan(hours[2]!))).toEqual({ 2: [[540, 600], [660, 780]] });
    expect(withSpan(hours, 2, 0, null)).toEqual({});
    expect(nextSpan([[0, 1440]])).toBeNull();
  });

  it('are told with days of the same hours together', () => {
    expect(hoursWords({ 0: [[540, 720]], 1: [[540, 720]], 2: [[540, 720]], 5: [[600, 1440]] })).toMatch(/^Mon–Wed .*9:00.*–12:00.* · Sat 10:00.*–.*$/);
  });

  it('go through a time field and back, midnight too', () => {
    expect([0, 545, 1440].map((minutes) => minutesOf(fieldOf(minutes)))).toEqual([0, 545, 1440]);
    expect(minutesOf('')).toBeNaN();
  });
});
