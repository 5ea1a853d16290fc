/** An event as a form: what fields hold, and what changing them means for the record. Pure. */
import { alertsFor, alertsOf } from './alerts';
import type { Changes } from './edit';
import { withRules } from './edit';
import { wallsOf } from './layout';
import { DAY, formatDay, formatDays, formatExact, formatLocal, MINUTE, parseLocal } from '../kernel/time/local';
import { placeOf, onlineOf } from './places';
import { rulesOf, type Occurrence } from './occurrence';
import { addressOf, guestsOf, participantsOf } from './people';
import type { Calendar, CalendarEvent, Details, Participant } from './types';
import type { RecurrenceRule } from '../kernel/time/rule';
import type { Draft } from './ui.svelte';
import { instantOf, wallOf } from '../kernel/time/zone';

export interface FormGuest {
  name: string;
  address: string;
  optional: boolean;
  /** A room or a thing, not a person. */
  resource: boolean;
}

export interface Form {
  title: string;
  wholeDay: boolean;
  /** `2026-12-08`, `09:00`; the last day of whole days is counted. */
  startDay: string;
  startTime: string;
  endDay: string;
  endTime: string;
  zone: string;
  rule: RecurrenceRule | null;
  place: string;
  online: string;
  guests: FormGuest[];
  notes: string;
  /** Minutes before the start; null for what is usual in the calendar. */
  alerts: number[] | null;
  /** The key of the calendar. */
  calendar: string;
  free: boolean;
  private: boolean;
}

/** A new event's form. */
export function formOf(draft: Draft, calendar: string, zone: string): Form {
  const last = draft.wholeDay ? draft.to - DAY : draft.to;
  return {
    title: draft.title ?? '', wholeDay: draft.wholeDay,
    startDay: formatDay(draft.from), startTime: draft.wholeDay ? '09:00' : time(draft.from),
    endDay: formatDay(last), endTime: draft.wholeDay ? '10:00' : time(draft.to),
    zone, rule: draft.rule?.[0] ?? null, place: draft.place ?? '', online: '',
    guests: (draft.guests ?? []).map((guest) => ({ ...guest, optional: false, resource: false })),
    notes: draft.description ?? '', alerts: null, calendar: draft.calendar ?? calendar, free: false, private: false,
  };
}

/** The form of an event there is; times are those of its own zone. */
export function formFrom(one: Occurrence, own: ReadonlySet<string>, calendar: string, zone: string): Form {
  const where = one.wholeDay ? zone : one.timeZone || zone;
  const { from, to } = one.wholeDay ? wallsOf(one, where) : { from: wallOf(one.from, where), to: wallOf(one.to, where) };
  return {
    title: one.title ?? '', wholeDay: one.wholeDay,
    startDay: formatDay(from), startTime: one.wholeDay ? '09:00' : time(from),
    endDay: formatDay(one.wholeDay ? to - DAY : to), endTime: one.wholeDay ? '10:00' : time(to),
    zone: where, rule: rulesOf(one.event)[0] ?? null, place: placeOf(one), online: onlineOf(one),
    guests: guestsOf(one, own).filter((guest) => !guest.organiser).map(({ name, address, optional, resource }) => ({ name, address, optional, resource })),
    notes: one.description ?? '', alerts: one.useDefaultAlerts ? null : alertsOf(one, undefined), calendar,
    free: one.freeBusyStatus === 'free', private: one.privacy === 'private' || one.privacy === 'secret',
  };
}

function time(wall: number): string {
  return formatLocal(wall).slice(11, 16);
}

/** Where a form's event begins and ends: walls of its zone. NaN where a field holds nothing. */
export function wallsIn(form: Form): { from: number; to: number } {
  if (form.wholeDay) return { from: parseLocal(form.startDay), to: parseLocal(form.endDay) + DAY };
  return { from: parseLocal(`${form.startDay}T${form.startTime}:00`), to: parseLocal(`${form.endDay}T${form.endTime}:00`) };
}

/** The fields of a time: walls of the form's zone. */
export function timesOf(from: number, to: number): Pick<Form, 'startDay' | 'startTime' | 'endDay' | 'endTime'> {
  return { startDay: formatDay(from), startTime: time(from), endDay: formatDay(to), endTime: time(to) };
}

/** What is wrong with it: nothing, or the name of what is. */
export function wrong(form: Form): 'start' | 'end' | null {
  const { from, to } = wallsIn(form);
  if (Number.isNaN(from)) return 'start';
  return Number.isNaN(to) || to < from || (form.wholeDay && to <= from) ? 'end' : null;
}

/** When the beginning is put elsewhere the end goes along. */
export function withStart(form: Form, day: string, clock: string): Form {
  const { from, to } = wallsIn(form);
  const next = { ...form, startDay: day, startTime: clock };
  const begun = wallsIn(next).from;
  if ([from, to, begun].some(Number.isNaN)) return next;
  const end = begun + (to - from) - (form.wholeDay ? DAY : 0);
  return { ...next, endDay: formatDay(end), ...(form.wholeDay ? {} : { endTime: time(end) }) };
}

interface Me {
  name: string;
  address: string;
}

/** The properties of a form, as a record has them. `before` is the event there is. */
export function detailsOf(form: Form, before: Occurrence | null, me: Me): Details & Pick<CalendarEvent, 'recurrenceRules' | 'recurrenceRule' | 'organizerCalendarAddress'> {
  const { from, to } = wallsIn(form);
  const participants = participantsOf(before?.participants ?? {}, form.guests, me);
  return {
    title: form.title.trim(),
    start: formatLocal(from),
    timeZone: form.wholeDay ? null : form.zone,
    duration: form.wholeDay ? formatDays((to - from) / DAY) : formatExact(Math.max(0, instantOf(to, form.zone) - instantOf(from, form.zone))),
    showWithoutTime: form.wholeDay,
    description: form.notes.trim(),
    locations: form.place.trim() ? { [Object.keys(before?.locations ?? {})[0] ?? 'l1']: { ...Object.values(before?.locations ?? {})[0], '@type': 'Location', name: form.place.trim() } } : null,
    virtualLocations: form.online.trim() ? { [Object.keys(before?.virtualLocations ?? {})[0] ?? 'v1']: { ...Object.values(before?.virtualLocations ?? {})[0], '@type': 'VirtualLocation', uri: addressIn(form.online) } } : null,
    participants,
    organizerCalendarAddress: participants ? (before?.event.organizerCalendarAddress ?? ownerIn(participants)) : null,
    useDefaultAlerts: form.alerts === null,
    alerts: form.alerts === null ? (before?.alerts ?? null) : alertsFor(form.alerts, before?.alerts),
    freeBusyStatus: form.free ? 'free' : 'busy',
    privacy: form.private ? 'private' : 'public',
    ...withRules(before?.event ?? {}, form.rule ? [form.rule, ...(before ? rulesOf(before.event).slice(1) : [])] : null),
  };
}

/** The address of who organises. */
function ownerIn(participants: Record<string, Participant>): string | null {
  const owner = Object.values(participants).find((one) => one.roles.owner);
  return owner ? `mailto:${addressOf(owner)}` : null;
}

function addressIn(text: string): string {
  return /^[a-z][a-z0-9+.-]*:/i.test(text.trim()) ? text.trim() : `https://${text.trim()}`;
}

/** What differs between two forms of an event, as changes of its properties. */
export function changesIn(before: Form, after: Form, one: Occurrence, me: Me): Changes {
  const same = JSON.stringify(before.guests) === JSON.stringify(after.guests);
  const [old, next] = [detailsOf(before, one, me), detailsOf(after, one, me)] as [Changes, Changes];
  const changes: Changes = {};
  for (const name of new Set([...Object.keys(old), ...Object.keys(next)])) {
    if (same && (name === 'participants' || name === 'organizerCalendarAddress')) continue;
    if (JSON.stringify(old[name]) !== JSON.stringify(next[name])) changes[name] = next[name] ?? null;
  }
  return changes;
}

/** A record for a new event. */
export function recordOf(form: Form, me: Me): Omit<CalendarEvent, 'id' | 'calendarIds' | 'uid'> {
  const entries = Object.entries(detailsOf(form, null, me)).filter(([name, value]) => value !== null || name === 'timeZone');
  const record = Object.fromEntries(entries.filter(([name, value]) => !(name === 'description' && !value) && !(name === 'freeBusyStatus' && value === 'busy') && !(name === 'privacy' && value === 'public')));
  return record as unknown as Omit<CalendarEvent, 'id' | 'calendarIds' | 'uid'>;
}

/** The length of a form's event in minutes. */
export function minutesIn(form: Form): number {
  const { from, to } = wallsIn(form);
  return Math.round((to - from) / MINUTE);
}

/** Alerts a calendar gives, for the words of what is usual. */
export function usualAlerts(calendar: Calendar | undefined, wholeDay: boolean): number[] {
  return alertsOf({ useDefaultAlerts: true, showWithoutTime: wholeDay }, calendar);
}
