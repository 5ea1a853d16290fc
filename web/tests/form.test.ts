// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { alertsFor, alertsOf, minutesOf, offsetOf } from '../src/calendar/alerts';
import { changesIn, formFrom, formOf, recordOf, withStart, wrong } from '../src/calendar/form';
import { distinctHues, hueOfColour } from '../src/ui/colour';
import { parseLocal } from '../src/kernel/time/local';
import { occurrencesOf } from '../src/calendar/occurrence';
import { guestsOf, invitation, organises, participantsOf } from '../src/calendar/people';
import type { CalendarEvent } from '../src/calendar/types';

const PARIS = 'Europe/Paris';
const ME = { name: 'Claire', address: 'claire@rennes.example' };
const OWN = new Set([ME.address]);
const draft = { from: parseLocal('2026-12-08T09:00:00'), to: parseLocal('2026-12-08T10:30:00'), wholeDay: false, title: ' Point ' };

function one(event: Partial<CalendarEvent>) {
  const whole = { id: 'e', uid: 'u', calendarIds: { c: true as const }, title: 'Point', start: '2026-12-08T09:00:00', timeZone: PARIS, duration: 'PT1H', ...event };
  return occurrencesOf('A', whole, Date.parse('2026-01-01'), Date.parse('2027-01-01'), PARIS)[0]!;
}

describe('a new event', () => {
  it('is a record of what was filled in, and nothing else', () => {
    expect(recordOf(formOf(draft, 'A/c', PARIS), ME)).toEqual({ title: 'Point', start: '2026-12-08T09:00:00', timeZone: PARIS, duration: 'PT1H30M', showWithoutTime: false, useDefaultAlerts: true });
  });
  it('of whole days ends with the last of them', () => {
    const form = { ...formOf({ ...draft, from: parseLocal('2026-12-08'), to: parseLocal('2026-12-11'), wholeDay: true }, 'A/c', PARIS), alerts: [900] };
    expect(form.endDay).toBe('2026-12-10');
    expect(recordOf(form, ME)).toMatchObject({ start: '2026-12-08T00:00:00', timeZone: null, duration: 'P3D', showWithoutTime: true, useDefaultAlerts: false });
  });
  it('with guests has an organiser', () => {
    const record = recordOf({ ...formOf(draft, 'A/c', PARIS), guests: [{ name: 'Lan', address: 'lan@hue.example', optional: true, resource: false }, { name: 'Salle 204', address: 'salle-204@rennes.example', optional: false, resource: true }] }, ME);
    expect(record.organizerCalendarAddress).toBe('mailto:claire@rennes.example');
    expect(guestsOf(record, OWN).map(({ address, organiser, optional, resource, own, status }) => [address, organiser, optional, resource, own, status])).toEqual([
      ['claire@rennes.example', true, false, false, true, 'accepted'],
      ['lan@hue.example', false, true, false, false, 'needs-action'],
      ['salle-204@rennes.example', false, false, true, false, 'needs-action'],
    ]);
  });
  it('over the change of the clocks is as long as the clocks say', () => {
    const night = { ...formOf(draft, 'A/c', PARIS), startDay: '2026-10-24', startTime: '22:00', endDay: '2026-10-25', endTime: '06:00' };
    expect(recordOf(night, ME).duration).toBe('PT9H');
  });
});

describe('an event that is changed', () => {
  it('changes only what was changed, in its own zone', () => {
    const event = one({ timeZone: 'Asia/Ho_Chi_Minh', description: 'x', locations: { l7: { name: 'Huế', coordinates: 'geo:16,107' } }, participants: { p: { name: 'Lan', calendarAddress: 'mailto:lan@hue.example', roles: { attendee: true }, participationStatus: 'accepted' } } });
    const form = formFrom(event, OWN, 'A/c', PARIS);
    expect([form.startTime, form.zone, form.place]).toEqual(['09:00', 'Asia/Ho_Chi_Minh', 'Huế']);
    expect(changesIn(form, form, event, ME)).toEqual({});
    expect(changesIn(form, { ...form, title: 'Neuf', place: 'Rennes' }, event, ME)).toEqual({ title: 'Neuf', locations: { l7: { '@type': 'Location', name: 'Rennes', coordinates: 'geo:16,107' } } });
    expect(changesIn(form, { ...form, endTime: '10:30' }, event, ME)).toEqual({ duration: 'PT1H30M' });
  });
  it('keeps what guests have answered, and lets go who is taken off', () => {
    const before = { p: { name: 'Lan', calendarAddress: 'mailto:Lan@hue.example', roles: { attendee: true }, participationStatus: 'accepted' as const }, q: { calendarAddress: 'mailto:q@x.example', roles: { attendee: true } } };
    const after = participantsOf(before, [{ name: 'Lan', address: 'lan@hue.example' }], ME)!;
    expect(after.p!.participationStatus).toBe('accepted');
    expect(Object.values(after).map((guest) => guest.calendarAddress)).toEqual(['mailto:claire@rennes.example', 'mailto:Lan@hue.example']);
    expect(participantsOf(before, [], ME)).toBeNull();
  });
  it('moves its end along with its beginning', () => {
    const form = formOf(draft, 'A/c', PARIS);
    expect(withStart(form, '2026-12-09', '23:00')).toMatchObject({ startDay: '2026-12-09', startTime: '23:00', endDay: '2026-12-10', endTime: '00:30' });
    expect([wrong(form), wrong({ ...form, endTime: '08:00' }), wrong({ ...form, startDay: '' })]).toEqual([null, 'end', 'start']);
  });
});

describe('people', () => {
  const owner = { calendarAddress: 'mailto:lan@hue.example', roles: { owner: true } };
  const me = { sendTo: { imip: 'mailto:CLAIRE@rennes.example' }, roles: { attendee: true } };
  it('are invited by others, and organise their own', () => {
    expect(invitation({ participants: { owner, me } }, OWN)).toMatchObject({ id: 'me', status: 'needs-action' });
    expect(invitation({ participants: { me: { ...me, roles: { owner: true } } } }, OWN)).toBeNull();
    expect([organises({ participants: { owner, me } }, OWN), organises({ participants: null }, OWN), organises({ participants: { owner }, isOrigin: true }, OWN)]).toEqual([false, true, true]);
  });
});

describe('reminders', () => {
  it('are minutes before the start, and back', () => {
    for (const minutes of [0, 5, 90, 1440, 2880 + 30, -540]) expect(minutesOf({ trigger: { offset: offsetOf(minutes) } })).toBe(minutes);
    expect(minutesOf({ trigger: { offset: 'PT5M', relativeTo: 'end' } })).toBeNull();
  });
  it('that are something else stay', () => {
    const odd = { '@type': 'Alert' as const, trigger: { '@type': 'AbsoluteTrigger' as const, when: '2026-12-08T08:00:00Z' } };
    const kept = alertsFor([10], { odd, ten: { trigger: { offset: '-PT10M' } } })!;
    expect(Object.keys(kept)).toEqual(['odd', 'ten']);
    expect(alertsOf({ alerts: kept }, undefined)).toEqual([10]);
    expect(alertsFor([], null)).toBeNull();
  });
});

it('colours of other programs are hues', () => {
  expect([hueOfColour('#00746c', 'x'), hueOfColour('red', 'x'), hueOfColour('#00f', 'x')]).toEqual([186, 29, 264]);
  expect(hueOfColour('#808080', 'seed')).toBe(hueOfColour(null, 'seed'));
  const plain = (seed: string) => ({ colour: null, seed });
  const hues = distinctHues([plain('a'), { colour: '#00746c', seed: 'b' }, plain('c'), plain('a')]);
  expect(new Set(hues).size).toBe(4);
  expect(hues[1]).toBe(186);
  expect(hues.filter((hue) => Math.abs(hue - 186) < 15)).toHaveLength(1);
  expect(distinctHues(Array.from({ length: 14 }, (_, at) => plain(`s${at}`))).every((hue) => hue >= 0)).toBe(true);
});
