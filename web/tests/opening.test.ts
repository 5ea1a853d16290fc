import { describe, expect, it } from 'vitest';
import { nextOf } from '../src/calendar/occurrence';
import type { CalendarEvent } from '../src/calendar/types';
import { router } from '../src/kernel/router.svelte';

describe('an event that is opened from elsewhere', () => {
  const now = Date.parse('2026-12-08T12:00:00Z');
  const weekly = { id: 'E', calendarIds: { c: true }, start: '2025-01-06T10:00:00', timeZone: 'Europe/Paris', duration: 'PT1H', recurrenceRule: { frequency: 'weekly' } } as unknown as CalendarEvent;

  it('is the next time of a series, or its first when it is over', () => {
    expect(nextOf('A', weekly, now, 'Europe/Paris')!.recurrenceId).toBe('2026-12-14T10:00:00');
    const over = { ...weekly, recurrenceRule: { frequency: 'weekly', count: 3 } } as unknown as CalendarEvent;
    expect(nextOf('A', over, now, 'Europe/Paris')!.recurrenceId).toBe('2025-01-06T10:00:00');
  });
  it('is itself when it happens once, long ago too', () => {
    const { recurrenceRule: _rule, ...once } = weekly as unknown as Record<string, unknown>;
    expect(nextOf('A', once as unknown as CalendarEvent, now, 'Europe/Paris')!.key).toBe('A/E/');
  });
});

describe('the address of a thing', () => {
  it('leaves no trace in the history: going back does not lead there again', async () => {
    router.go('/mail/inbox');
    const before = history.length;
    router.go('/open/Task/A/1');
    await router.instead(async () => router.go('/tasks/mine/1'));
    expect([history.length - before, router.parts]).toEqual([1, ['tasks', 'mine', '1']]);
    router.go('/files');
    expect(history.length - before).toBe(2);
  });
});
