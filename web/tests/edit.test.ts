// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { applyPatch } from '../src/kernel/patch';
import { changed, movedTo, removed, shifted, type Edit } from '../src/calendar/edit';
import { formatLocal, HOUR } from '../src/kernel/time/local';
import { byTime, occurrencesOf, type Occurrence } from '../src/calendar/occurrence';
import type { CalendarEvent } from '../src/calendar/types';
import { wallOf } from '../src/kernel/time/zone';

const PARIS = 'Europe/Paris';

function event(more: Partial<CalendarEvent> = {}): CalendarEvent {
  return { id: 'e1', uid: 'u1', calendarIds: { c1: true }, title: 'Point', start: '2026-03-23T09:00:00', timeZone: PARIS, duration: 'PT1H', ...more };
}
const weekly = (more: Partial<CalendarEvent> = {}) => event({ recurrenceRules: [{ frequency: 'weekly', count: 6 }], ...more });

function between(one: CalendarEvent, from = '2026-03-01', to = '2026-06-01'): Occurrence[] {
  return occurrencesOf('A', one, Date.parse(from), Date.parse(to), PARIS).sort(byTime);
}
/** Their times on the wall in Paris. */
function times(events: CalendarEvent[]): string[] {
  return events.flatMap((one) => between(one)).sort(byTime).map((one) => formatLocal(one.wholeDay ? one.from : wallOf(one.from, PARIS)).slice(5, 16));
}
/** What there is after the edits, as a server would have it. */
function after(one: CalendarEvent, edits: Edit[]): CalendarEvent[] {
  const kept = edits.reduce<CalendarEvent[]>((all, edit) => (edit.destroy ? [] : edit.update ? all.map((it) => applyPatch(it, edit.update!.patch)) : all), [one]);
  return [...kept, ...edits.flatMap((edit) => (edit.create ? [{ ...edit.create, id: 'e2' } as CalendarEvent] : []))];
}

describe('occurrences', () => {
  it('keep their wall-clock time when the clocks are changed, and nine is another instant', () => {
    const all = between(weekly());
    expect(all.map((one) => new Date(one.from).toISOString().slice(5, 16)).slice(0, 2)).toEqual(['03-23T08:00', '03-30T07:00']);
    expect(times([weekly()])).toEqual(['03-23T09:00', '03-30T09:00', '04-06T09:00', '04-13T09:00', '04-20T09:00', '04-27T09:00']);
  });
  it('have what is their own: moved, renamed, taken out, added', () => {
    const one = weekly({ recurrenceOverrides: { '2026-03-30T09:00:00': { start: '2026-04-01T15:00:00', title: 'Autre' }, '2026-04-06T09:00:00': { excluded: true }, '2026-05-20T10:00:00': {} } });
    expect(times([one])).toEqual(['03-23T09:00', '04-01T15:00', '04-13T09:00', '04-20T09:00', '04-27T09:00', '05-20T10:00']);
    expect(between(one)[1]).toMatchObject({ title: 'Autre', recurrenceId: '2026-03-30T09:00:00', duration: 'PT1H' });
  });
  it('are found where they last into, and whole days stand where they are on any wall', () => {
    expect(between(event({ start: '2026-02-27T22:00:00', duration: 'P3D' }))).toHaveLength(1);
    const [day] = between(event({ start: '2026-04-06T00:00:00', timeZone: null, duration: 'P1D', showWithoutTime: true }));
    expect(formatLocal(day!.from)).toBe('2026-04-06T00:00:00');
  });
});

describe('an edit', () => {
  const nth = (one: CalendarEvent, n: number) => between(one)[n]!;

  it('of one that happens once patches it', () => {
    const one = event();
    expect(changed(nth(one, 0), { title: 'Neuf' }, 'this')).toEqual([{ update: { id: 'e1', patch: { title: 'Neuf' } } }]);
    expect(removed(nth(one, 0), 'this')).toEqual([{ destroy: 'e1' }]);
  });
  it('of one time of a series leaves the others', () => {
    const one = weekly();
    const moved = after(one, changed(nth(one, 2), { start: '2026-04-07T10:00:00' }, 'this'));
    expect(times(moved)).toEqual(['03-23T09:00', '03-30T09:00', '04-07T10:00', '04-13T09:00', '04-20T09:00', '04-27T09:00']);
    const [again] = moved;
    expect(times(after(again!, changed(nth(again!, 2), { start: '2026-04-06T09:00:00' }, 'this')))).toEqual(times([one]));
    expect(times(after(one, removed(nth(one, 1), 'this')))).toEqual(['03-23T09:00', '04-06T09:00', '04-13T09:00', '04-20T09:00', '04-27T09:00']);
  });
  it('of this and what comes after cuts the series in two, each with its own times', () => {
    const one = weekly({ recurrenceOverrides: { '2026-03-30T09:00:00': { title: 'A' }, '2026-04-20T09:00:00': { title: 'B' } } });
    const both = after(one, changed(nth(one, 2), { start: '2026-04-07T11:00:00', title: 'Neuf' }, 'future'));
    expect(times(both)).toEqual(['03-23T09:00', '03-30T09:00', '04-07T11:00', '04-14T11:00', '04-21T11:00', '04-28T11:00']);
    expect(both[1]).toMatchObject({ title: 'Neuf', relatedTo: { u1: { relation: { first: true } } } });
    expect(both[1]!.uid).not.toBe('u1');
    expect([Object.keys(both[0]!.recurrenceOverrides!), Object.keys(both[1]!.recurrenceOverrides!)]).toEqual([['2026-03-30T09:00:00'], ['2026-04-21T11:00:00']]);
    expect(times(after(one, removed(nth(one, 3), 'future')))).toEqual(['03-23T09:00', '03-30T09:00', '04-06T09:00']);
  });
  it('of all moves the whole series, its days and its own times along', () => {
    const one = weekly({ recurrenceRules: [{ frequency: 'weekly', count: 6, byDay: [{ day: 'mo' }] }], recurrenceOverrides: { '2026-04-06T09:00:00': { excluded: true } } });
    const [all] = after(one, changed(nth(one, 1), { start: '2026-03-31T10:30:00' }, 'all'));
    expect(times([all!])).toEqual(['03-24T10:30', '03-31T10:30', '04-14T10:30', '04-21T10:30', '04-28T10:30']);
    expect(after(one, removed(nth(one, 1), 'all'))).toEqual([]);
  });
  it('of days by number goes on with the new number', () => {
    const one = event({ start: '2026-03-10T09:00:00', recurrenceRules: [{ frequency: 'monthly', count: 3, byDay: [{ day: 'tu', nthOfPeriod: 2 }] }] });
    const [all] = after(one, changed(between(one)[0]!, { start: '2026-03-18T09:00:00' }, 'all'));
    expect(times([all!])).toEqual(['03-18T09:00', '04-15T09:00', '05-20T09:00']);
  });
});

describe('dragging', () => {
  it('over the change of the clocks keeps the wall-clock time and the length', () => {
    const [one] = between(event({ start: '2026-03-28T09:00:00' }));
    const { from, to } = shifted(one!, 24 * HOUR, PARIS);
    expect(movedTo(one!, from, to, PARIS)).toEqual({ start: '2026-03-29T09:00:00', duration: 'PT1H' });
    expect(from - one!.from).toBe(23 * HOUR);
  });
  it('in one zone what is in another writes the other', () => {
    const [one] = between(event({ start: '2026-04-01T09:00:00', timeZone: 'Asia/Ho_Chi_Minh' }));
    const { from, to } = shifted(one!, 2 * HOUR, PARIS);
    expect(movedTo(one!, from, to + HOUR, PARIS)).toEqual({ start: '2026-04-01T11:00:00', duration: 'PT2H' });
  });
  it('between whole days and hours', () => {
    const [one] = between(event({ start: '2026-04-01T09:00:00' }));
    const day = Date.UTC(2026, 3, 2);
    expect(movedTo(one!, day, day + 24 * HOUR, PARIS, true)).toEqual({ start: '2026-04-02T00:00:00', duration: 'P1D', showWithoutTime: true, timeZone: null });
    const [long] = between(event({ start: '2026-04-01T00:00:00', timeZone: null, duration: 'P2D', showWithoutTime: true }));
    expect(movedTo(long!, Date.parse('2026-04-02T08:00:00Z'), Date.parse('2026-04-02T09:00:00Z'), PARIS, false)).toEqual({ start: '2026-04-02T10:00:00', duration: 'PT1H', showWithoutTime: false, timeZone: PARIS });
  });
});
