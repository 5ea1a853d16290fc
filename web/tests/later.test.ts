// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { mornings, utc } from '../src/mail/compose/later';

const localMinute = (date: Date) => new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);

describe('sending later', () => {
  it('offers tomorrow, and the next Monday when that is another day', () => {
    const at = (day: string) => mornings(new Date(`${day}T15:30:00`));
    expect(localMinute(at('2026-11-24').tomorrow)).toBe('2026-11-25T08:00'); // a Tuesday
    expect(localMinute(at('2026-11-24').monday!)).toBe('2026-11-30T08:00');
    expect(at('2026-11-29').monday).toBeNull(); // a Sunday: tomorrow is Monday
    expect(localMinute(at('2026-11-30').monday!)).toBe('2026-12-07T08:00');
  });
  it('writes instants without parts of seconds', () => {
    expect(utc(new Date('2026-11-30T07:00:00.250Z'))).toBe('2026-11-30T07:00:00Z');
  });
});
