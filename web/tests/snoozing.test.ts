// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { moments } from '../src/mail/snoozing';

const told = (now: Date) => moments(now).map(({ id, at }) => `${id} ${at.getDate()}.${at.getMonth() + 1} ${at.getHours()}:${String(at.getMinutes()).padStart(2, '0')}`);

describe('when a message may come back', () => {
  it('offers what is still to come, the nearest first', () => {
    expect(told(new Date(2026, 1, 3, 9, 10))).toEqual(['laterToday 3.2 12:30', 'tonight 3.2 18:00', 'tomorrow 4.2 8:00', 'weekend 7.2 8:00', 'nextWeek 9.2 8:00']); // a Tuesday
    expect(told(new Date(2026, 1, 3, 16, 0))).toEqual(['tonight 3.2 18:00', 'tomorrow 4.2 8:00', 'weekend 7.2 8:00', 'nextWeek 9.2 8:00']);
    expect(told(new Date(2026, 1, 3, 20, 0))).toEqual(['tomorrow 4.2 8:00', 'weekend 7.2 8:00', 'nextWeek 9.2 8:00']);
  });
  it('says no day twice around the weekend', () => {
    expect(told(new Date(2026, 1, 6, 20, 0))).toEqual(['tomorrow 7.2 8:00', 'nextWeek 9.2 8:00']); // Friday
    expect(told(new Date(2026, 1, 7, 20, 0))).toEqual(['tomorrow 8.2 8:00', 'nextWeek 9.2 8:00']); // Saturday
    expect(told(new Date(2026, 1, 8, 20, 0))).toEqual(['tomorrow 9.2 8:00']); // Sunday
    expect(told(new Date(2026, 1, 31, 20, 0))[0]).toBe('tomorrow 4.3 8:00'); // over the end of a month
  });
});
