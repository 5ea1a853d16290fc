// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { eventOf } from '../src/mail/read/event';
import { tableOf } from '../src/mail/read/table';

const ics = (...lines: string[]) => ['BEGIN:VCALENDAR', 'METHOD:REQUEST', 'BEGIN:VEVENT', ...lines, 'END:VEVENT', 'END:VCALENDAR'].join('\r\n');

describe('invitations', () => {
  it('say what, when, where and who, whatever the folding and the signs', () => {
    const event = eventOf(ics('SUMMARY:Point\\, D105', 'DTSTART:20261127T100000Z', 'DTEND:20261127T110000Z', 'LOCATION:D105', 'ORGANIZER;CN="Hélène: M":mailto:h@x.example', 'ATTENDEE;CN="Camille Nguyễn";RSVP=TRUE:ma', ' ilto:c@x.example', 'ATTENDEE:mailto:lan@x.example', 'DESCRIPTION:un\\ndeux'))!;
    expect(event).toMatchObject({ title: 'Point, D105', place: 'D105', organizer: 'Hélène: M', people: ['Camille Nguyễn', 'lan@x.example'], notes: 'un\ndeux', wholeDay: false, cancelled: false });
    expect([event.start!.toISOString(), event.end!.toISOString()]).toEqual(['2026-11-27T10:00:00.000Z', '2026-11-27T11:00:00.000Z']);
  });
  it('show whole days to the last one, and times of a zone as they are written', () => {
    const days = eventOf(ics('DTSTART;VALUE=DATE:20261203', 'DTEND;VALUE=DATE:20261206', 'STATUS:CANCELLED'))!;
    expect([days.wholeDay, days.start!.getDate(), days.end!.getDate(), days.cancelled]).toEqual([true, 3, 5, true]);
    expect(eventOf(ics('DTSTART;TZID=Europe/Paris:20261203T090000'))!.start!.getHours()).toBe(9);
  });
  it('are not seen where there are none', () => {
    expect(eventOf('BEGIN:VCALENDAR\nEND:VCALENDAR')).toBeNull();
    expect(eventOf('hello')).toBeNull();
  });
});

describe('tables', () => {
  it('are cut by the separator they use, with quotation marks', () => {
    expect(tableOf('a;b\r\n1;"x;""y""\nz"\r\n\r\n2;\r\n')).toEqual([['a', 'b'], ['1', 'x;"y"\nz'], ['2', '']]);
    expect(tableOf('\ufeffa,b\n1,2')).toEqual([['a', 'b'], ['1', '2']]);
    expect(tableOf('a\tb\n1\t2')).toEqual([['a', 'b'], ['1', '2']]);
    expect(tableOf('')).toEqual([]);
  });
  it('end after enough rows', () => {
    expect(tableOf('1\n2\n3\n4', 2)).toEqual([['1'], ['2']]);
  });
});
