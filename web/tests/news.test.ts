import { expect, it } from 'vitest';
import { whatOf } from '../src/calendar/happened';

it('what somebody did to an event is said by what matters most of it', () => {
  const of = (eventPatch: Record<string, unknown>) => whatOf({ type: 'updated', event: {}, eventPatch });
  expect(of({ 'participants/b/participationStatus': 'accepted', updated: '2026-12-08T09:00:00Z' })).toBe('answered');
  expect(of({ 'recurrenceOverrides/2026-12-08T09:00:00/participants~1b~1participationStatus': 'declined' })).toBe('answered');
  expect(of({ 'recurrenceOverrides/2026-12-08T09:00:00': { 'participants/b/participationStatus': 'declined' } })).toBe('answered');
  expect(of({ start: '2026-12-09T09:00:00', 'participants/b/participationStatus': 'needs-action', sequence: 2 })).toBe('moved');
  expect(of({ status: 'cancelled', start: '2026-12-09T09:00:00' })).toBe('cancelled');
  expect([of({ title: 'x' }), of({}), of({ 'recurrenceOverrides/2026-12-08T09:00:00': null })]).toEqual(['changed', 'changed', 'changed']);
  expect(whatOf({ type: 'created', event: {}, eventPatch: null })).toBe('created');
  expect(whatOf({ type: 'created', event: { participants: { b: {} } }, eventPatch: null })).toBe('invited');
});
