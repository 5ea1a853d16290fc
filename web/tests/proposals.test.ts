import { expect, it } from 'vitest';
import { proposer, waiting } from '../src/calendar/proposals';
import type { CalendarEventProposal } from '../src/calendar/types';

const proposal = (id: string, more: Partial<CalendarEventProposal> = {}): CalendarEventProposal => ({ id, calendarEventId: 'E', recurrenceId: null, utcStart: '', utcEnd: '', comment: '', isAccepted: false, created: id, ...more });

it('proposals are shown at what they are for, the oldest first, until they are taken', () => {
  const all = [proposal('4'), proposal('1'), proposal('2', { recurrenceId: '2026-12-08T10:00:00' }), proposal('3', { isAccepted: true }), proposal('5', { calendarEventId: 'F' })];
  const shown = (recurrenceId: string | null) => waiting(all, { event: { id: 'E' } as never, recurrenceId }).map(({ id }) => id);
  expect(shown('2026-12-08T10:00:00')).toEqual(['1', '2', '4']);
  expect(shown('2026-12-15T10:00:00')).toEqual(['1', '4']);
});

it('who proposes is called by their name, or by their address', () => {
  expect(proposer(proposal('1', { by: { name: 'Zoé', calendarAddress: 'mailto:zoe@elsewhere.example' } }))).toBe('Zoé');
  expect(proposer(proposal('1', { by: { name: '', calendarAddress: 'mailto:zoe@elsewhere.example' } }))).toBe('zoe@elsewhere.example');
  expect(proposer(proposal('1'))).toBe('');
});
