/** What can be done to events: each is shown at once, goes through the outbox, and can be undone. */
import { t, type MessageKey } from '../kernel/i18n.svelte';
import { jmap } from '../kernel/jmap';
import { notices } from '../kernel/notices.svelte';
import { outbox, type Undoable } from '../kernel/outbox.svelte';
import { saveAs } from '../kernel/save';
import { store } from '../kernel/store.svelte';
import { data, type Place } from './data.svelte';
import { changed, movedTo, removed, type Changes, type Edit, type Scope } from './edit';
import { recurs, type Occurrence } from './occurrence';
import { guestsOf, invitation, organises } from './people';
import { CalendarEventType, CalendarType, type CalendarEvent, type Participation } from './types';
import { ui } from './ui.svelte';

/** How long what is destroyed can be had back. */
const HOLD = 7_500;

/** Does edits in an account, and tells what was done with a way back. */
export function perform(account: string, edits: Edit[], told: MessageKey | null, holes: Record<string, string> = {}): void {
  const done = edits.map((edit) => perform1(account, edit));
  const undo = () => done.map((one) => one.undo()).some(Boolean);
  outbox.remember({ undo });
  if (told) notices.show(t(told, holes), { action: { label: t('ui.undo'), keys: 'Z', run: undo } });
}

function perform1(account: string, edit: Edit): Undoable {
  if (edit.update) return outbox.update(CalendarEventType, account, { [edit.update.id]: edit.update.patch }, { undoable: false });
  if (edit.destroy) return outbox.destroy(CalendarEventType, account, [edit.destroy], { hold: HOLD, undoable: false });
  return create(account, edit.create!);
}

function create(account: string, record: Omit<CalendarEvent, 'id'>): Undoable {
  const action = outbox.create(CalendarEventType, account, { ...record });
  return {
    undo: () => {
      if (action.undo()) return true;
      if (action.state !== 'done') return false;
      void action.done.then(([id]) => outbox.destroy(CalendarEventType, account, [id as string], { undoable: false }));
      return true;
    },
  };
}

/** Whether the person may change an event as they like. Reactive. */
export function mayChange(one: Occurrence): boolean {
  const rights = data.placeOf(one.account, one.event)?.calendar.myRights;
  return !!rights && (rights.mayWriteAll || (rights.mayWriteOwn && organises(one.event, data.own(one.account))));
}

/** Whether it can be moved by dragging: what others organise is theirs to move. Reactive. */
export function mayMove(one: Occurrence): boolean {
  return mayChange(one) && organises(one.event, data.own(one.account));
}

/** Asks which of a series is meant; null when the person thinks better of it. */
async function scopeOf(one: Occurrence, kind: 'change' | 'delete', changes: Changes = {}): Promise<Scope | null> {
  if (!recurs(one.event)) return 'all';
  return ui.ask(kind, guestsOf(one, data.own(one.account)).length > 0, 'recurrenceRule' in changes || 'recurrenceRules' in changes);
}

export async function change(one: Occurrence, changes: Changes, told: MessageKey = 'calendar.changed', scope?: Scope): Promise<boolean> {
  const chosen = scope ?? (await scopeOf(one, 'change', changes));
  if (!chosen) return false;
  perform(one.account, changed(one, changes, chosen), told, { title: titleOf(one) });
  return true;
}

/** Puts an event to another time. */
export function move(one: Occurrence, from: number, to: number, wholeDay = one.wholeDay): Promise<boolean> {
  return change(one, movedTo(one, from, to, data.zone, wholeDay), 'calendar.moved');
}

export async function remove(one: Occurrence): Promise<boolean> {
  const scope = await scopeOf(one, 'delete');
  if (!scope) return false;
  perform(one.account, removed(one, scope), 'calendar.deleted', { title: titleOf(one) });
  return true;
}

/** Answers an invitation; of a series, all of it unless one time is meant. */
export async function answer(one: Occurrence, status: Participation, comment?: string, scope?: Scope): Promise<void> {
  const me = invitation(one, data.own(one.account));
  if (!me) return;
  const changes = { [`participants/${me.id}/participationStatus`]: status, ...(comment === undefined ? {} : { [`participants/${me.id}/participationComment`]: comment }) };
  const told = { accepted: 'calendar.accepted', tentative: 'calendar.maybed', declined: 'calendar.declined' } as const;
  await change(one, changes, told[status as 'accepted'] ?? 'calendar.changed', scope ?? 'all');
}

export function titleOf(one: { title?: string }): string {
  return one.title?.trim() || t('calendar.untitled');
}

/** A copy that stands by itself. */
export function duplicate(one: Occurrence): void {
  const { event } = one;
  const record = { ...plain(event), title: one.title, start: one.start, duration: one.duration, uid: crypto.randomUUID(), participants: null, recurrenceRules: null, recurrenceRule: undefined, recurrenceOverrides: null };
  perform(one.account, [{ create: record }], 'calendar.copied', { title: titleOf(one) });
}

/** An event's record without what the server says of it. */
export function plain(event: CalendarEvent): Omit<CalendarEvent, 'id'> {
  const { id: _id, baseEventId: _base, created: _created, updated: _updated, sequence: _sequence, isOrigin: _origin, recurrenceId: _recurrence, ...rest } = event;
  return rest;
}

/** Puts a new event into a calendar. */
export function add(place: Place, record: Omit<CalendarEvent, 'id' | 'calendarIds' | 'uid'>): void {
  perform(place.account, [{ create: { ...record, '@type': 'Event', uid: crypto.randomUUID(), calendarIds: { [place.calendar.id]: true } } }], 'calendar.created', { title: titleOf(record) });
}

/** Shows or hides a calendar; that is not an action to undo. */
export function toggle({ account, calendar }: Place): void {
  const on = calendar.isSubscribed === false || calendar.isVisible === false;
  outbox.update(CalendarType, account, { [calendar.id]: { isVisible: on, ...(on && calendar.isSubscribed === false ? { isSubscribed: true } : {}) } }, { undoable: false });
}

/** All events of a calendar as a file. The blob of a calendar is named after it. */
export function exportIt({ account, calendar }: Place): void {
  const name = `${calendar.name}.ics`;
  saveAs(jmap.downloadUrl(account, `w${calendar.id}`, name, 'text/calendar'), name);
}

/** The newest record of an event, for who holds an occurrence made from an older one. */
export function current(one: Occurrence): CalendarEvent | undefined {
  return store.peek(CalendarEventType, one.account, one.event.id);
}
