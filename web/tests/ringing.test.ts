import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { dueLately } from '../src/calendar/late';
import { occurrencesOf } from '../src/calendar/occurrence';
import { Ringing, type CalendarAlert, type Ring } from '../src/calendar/ringing.svelte';
import type { Calendar, CalendarEvent } from '../src/calendar/types';

const MINUTE = 60_000;
const alert = (calendarEventId: string, alertId = 'a'): CalendarAlert => ({ accountId: 'A', calendarEventId, recurrenceId: null, alertId });

describe('reminders that ring', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_000_000_000_000 });
    localStorage.clear();
  });
  afterEach(() => vi.useRealTimers());

  it('ring once, however often they are told', () => {
    const ringing = new Ringing();
    const heard: Ring[] = [];
    ringing.onring = (ring) => heard.push(ring);
    for (const told of [alert('1'), alert('1'), alert('1', 'b')]) ringing.take(told);
    expect(ringing.due.map((ring) => `${ring.occurrence}#${ring.alertId}`)).toEqual(['A/1/#a', 'A/1/#b']);
    expect(heard).toHaveLength(2);
  });

  it('are put off, over a reload too, and ring again', () => {
    new Ringing().take(alert('1'));
    const again = new Ringing();
    again.snooze(again.due[0]!, 10);
    expect(again.due).toEqual([]);
    const later = new Ringing();
    const heard: Ring[] = [];
    later.onring = (ring) => heard.push(ring);
    vi.advanceTimersByTime(9 * MINUTE);
    expect(later.due).toEqual([]);
    vi.advanceTimersByTime(2 * MINUTE);
    expect(later.due).toHaveLength(1);
    expect(heard).toHaveLength(1);
  });

  it('do not ring again once they are closed, in another tab neither', () => {
    const [here, there] = [new Ringing(), new Ringing()];
    here.take(alert('1'));
    there.read();
    there.close(there.due[0]!);
    here.take(alert('1'));
    expect(here.due).toEqual([]);
    localStorage.setItem('parvis-alerts', 'nonsense');
    expect(new Ringing().due).toEqual([]);
  });

  it('are few, however many are told', () => {
    const ringing = new Ringing();
    for (let n = 0; n < 100; n++) ringing.take(alert(String(n)));
    expect(ringing.due).toHaveLength(30);
  });
});

describe('reminders that were due while nobody listened', () => {
  const now = Date.parse('2026-12-08T08:55:00Z');
  const usual = { defaultAlertsWithTime: { d: { trigger: { offset: '-PT10M' } } }, defaultAlertsWithoutTime: { w: { trigger: { offset: 'PT9H' } } } } as unknown as Calendar;
  const event = (more: object) => ({ id: 'E', calendarIds: { c: true }, start: '2026-12-08T10:00:00', timeZone: 'Europe/Paris', duration: 'PT30M', ...more }) as unknown as CalendarEvent;
  const late = (more: object, at = now) => dueLately(occurrencesOf('A', event(more), now - 864e5, now + 864e5, 'Europe/Paris'), at, 'Europe/Paris', () => usual).map(({ one, alertId }) => `${one.recurrenceId ?? ''}#${alertId}`);

  it('are those of the last hour, of what is not over', () => {
    expect(late({ useDefaultAlerts: true })).toEqual(['#d']);
    expect(late({ useDefaultAlerts: true }, now - 6 * MINUTE)).toEqual([]);
    expect(late({ useDefaultAlerts: true }, now + 40 * MINUTE)).toEqual([]);
    expect(late({ alerts: { x: { trigger: { offset: '-PT3H' } }, y: { trigger: { '@type': 'AbsoluteTrigger', when: '2026-12-08T08:30:00Z' } } } })).toEqual(['#y']);
  });

  it('of a series are told by the time they are for; mail, what was seen and what is cancelled do not ring', () => {
    expect(late({ useDefaultAlerts: true, start: '2026-12-01T10:00:00', recurrenceRule: { frequency: 'daily' } })).toEqual(['2026-12-08T10:00:00#d']);
    const alerts = { m: { action: 'email', trigger: { offset: '-PT10M' } }, s: { acknowledged: '2026-12-08T08:51:00Z', trigger: { offset: '-PT10M' } } };
    expect(late({ alerts })).toEqual([]);
    expect(late({ useDefaultAlerts: true, status: 'cancelled' })).toEqual([]);
  });

  it('of a whole day go by the clock of where the person is', () => {
    expect(late({ useDefaultAlerts: true, start: '2026-12-08T00:00:00', timeZone: null, duration: 'P1D', showWithoutTime: true })).toEqual(['#w']);
  });
});
