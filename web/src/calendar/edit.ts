/**
 * What a change of an event means for its record: of one that happens once, of one time of a series, of that and all
 * that come after, of all. JSCalendar (RFC 8984 §4.3.5), JMAP Calendars §5.3. Pure.
 */
import type { Patch } from '../kernel/patch';
import { DAY, formatDays, formatExact, formatLocal, parseDuration, parseLocal, startOfDay, WEEKDAYS, weekdayOf } from '../kernel/time/local';
import { recurs, rulesOf, type Occurrence } from './occurrence';
import { endedBefore, restOf } from '../kernel/time/recurrence';
import type { CalendarEvent, Details, Override } from './types';
import type { RecurrenceRule } from '../kernel/time/rule';
import { instantOf, wallOf } from '../kernel/time/zone';

export type Scope = 'this' | 'future' | 'all';

export interface Edit {
  update?: { id: string; patch: Patch };
  create?: Omit<CalendarEvent, 'id'>;
  destroy?: string;
}

/** New values of properties; a key may be a pointer into one, `participants/p1/participationStatus`. */
export type Changes = Partial<Details> & Record<string, unknown>;

/** What differs when an occurrence is put to another time. `from` and `to` are as in `Occurrence`. */
export function movedTo(one: Occurrence, from: number, to: number, zone: string, wholeDay = one.wholeDay): Changes {
  if (wholeDay) {
    const times = { start: formatLocal(startOfDay(from)), duration: formatDays((to - from) / DAY) };
    return one.wholeDay ? times : { ...times, showWithoutTime: true, timeZone: null };
  }
  const where = one.wholeDay ? zone : one.timeZone;
  const start = formatLocal(wallOf(from, where || zone));
  const { days } = parseDuration(one.duration);
  // Where days were given, days they stay: a night away is one however the clocks are changed.
  const same = !one.wholeDay && to - from === one.to - one.from;
  const duration = same && days ? one.duration! : formatExact(to - from);
  return one.wholeDay ? { start, duration, showWithoutTime: false, timeZone: where } : { start, duration };
}

/** Moves by wall-clock time: nine o'clock stays nine o'clock on the day the clocks are changed. */
export function shifted(one: Occurrence, by: number, zone: string): { from: number; to: number } {
  if (one.wholeDay) return { from: one.from + by, to: one.to + by };
  const from = instantOf(wallOf(one.from, zone) + by, zone);
  return { from, to: from + (one.to - one.from) };
}

/** The edits that bring `changes` to an occurrence. */
export function changed(one: Occurrence, changes: Changes, scope: Scope): Edit[] {
  const { event, recurrenceId } = one;
  if (!recurrenceId || !recurs(event)) return [{ update: { id: event.id, patch: changes } }];
  if (scope === 'this') return [{ update: { id: event.id, patch: overridden(event, recurrenceId, changes) } }];
  if (scope === 'future' && !isFirst(one)) return split(one, changes);
  return [{ update: { id: event.id, patch: ofAll(one, changes) } }];
}

/** The edits that take an occurrence away. */
export function removed(one: Occurrence, scope: Scope): Edit[] {
  const { event, recurrenceId } = one;
  if (!recurrenceId || scope === 'all' || (scope === 'future' && isFirst(one))) return [{ destroy: event.id }];
  if (scope === 'this') {
    const patch = { [`recurrenceOverrides/${recurrenceId}`]: { excluded: true } };
    return [{ update: { id: event.id, patch: event.recurrenceOverrides ? patch : { recurrenceOverrides: { [recurrenceId]: { excluded: true } } } } }];
  }
  return [{ update: { id: event.id, patch: ended(event, parseLocal(recurrenceId)) } }];
}

function isFirst({ event, recurrenceId }: Occurrence): boolean {
  return recurrenceId !== null && parseLocal(recurrenceId) <= parseLocal(event.start);
}

function overridden(event: CalendarEvent, id: string, changes: Changes): Patch {
  const before = event.recurrenceOverrides?.[id] ?? {};
  // A property given whole makes what was changed inside it before void.
  const kept = Object.fromEntries(Object.entries(before).filter(([path]) => !Object.keys(changes).some((name) => path.startsWith(`${name}/`))));
  const override: Override = { ...kept, ...changes };
  if (override.start === id) delete override.start;
  return event.recurrenceOverrides ? { [`recurrenceOverrides/${id}`]: override } : { recurrenceOverrides: { [id]: override } };
}

/** How a record says its rules: as it does already, else as the newer JSCalendar. */
export function withRules(event: Pick<CalendarEvent, 'recurrenceRules'>, rules: RecurrenceRule[] | null): Pick<CalendarEvent, 'recurrenceRule' | 'recurrenceRules'> {
  return event.recurrenceRules?.length ? { recurrenceRules: rules } : { recurrenceRule: rules?.[0] ?? null };
}

/** The series up to before a time; what is of its own after that goes. */
function ended(event: CalendarEvent, cut: number): Patch {
  const overrides = Object.entries(event.recurrenceOverrides ?? {}).filter(([id]) => parseLocal(id) < cut);
  return {
    ...withRules(event, rulesOf(event).map((rule) => endedBefore(rule, parseLocal(event.start), cut))),
    ...(event.recurrenceOverrides ? { recurrenceOverrides: Object.fromEntries(overrides) } : {}),
  };
}

/** JMAP Calendars §5.2.1: the series ends before the occurrence, and another goes on from it. */
function split(one: Occurrence, changes: Changes): Edit[] {
  const { event } = one;
  const cut = parseLocal(one.recurrenceId!);
  const { id: _id, baseEventId: _base, created: _created, updated: _updated, sequence: _sequence, isOrigin: _origin, recurrenceId: _recurrence, ...rest } = event;
  const start = changes.start ?? formatLocal(cut);
  const delta = parseLocal(start) - parseLocal(one.start);
  const first = changes.start ? start : formatLocal(cut);
  const rules = changesRules(changes) ?? rulesOf(event).map((rule) => shiftedRule(restOf(rule, parseLocal(event.start), cut), cut, parseLocal(first)));
  const overrides = Object.entries(event.recurrenceOverrides ?? {}).filter(([id]) => parseLocal(id) > cut).map(([id, override]) => [formatLocal(parseLocal(id) + (changes.start ? delta : 0)), override] as const);
  const create = {
    ...rest,
    ...whole(event, changes),
    ...withRules(event, rules.length ? rules : null),
    recurrenceOverrides: overrides.length ? Object.fromEntries(overrides) : null,
    uid: crypto.randomUUID(),
    start: first,
    relatedTo: { ...event.relatedTo, ...(event.uid ? { [event.uid]: { '@type': 'Relation' as const, relation: { first: true } } } : {}) },
  };
  return [{ update: { id: event.id, patch: ended(event, cut) } }, { create }];
}

/** Changes without pointers: each property as it is afterwards. */
function whole(event: CalendarEvent, changes: Changes): Partial<CalendarEvent> {
  const result: Record<string, unknown> = {};
  for (const [path, value] of Object.entries(changes)) {
    const [name = '', ...inner] = path.split('/');
    if (!inner.length) result[name] = value;
    else result[name] = put((result[name] ?? (event as unknown as Record<string, unknown>)[name] ?? {}) as Record<string, unknown>, inner, value);
  }
  return result as Partial<CalendarEvent>;
}

function put(node: Record<string, unknown>, [first = '', ...rest]: string[], value: unknown): Record<string, unknown> {
  return { ...node, [first]: rest.length ? put((node[first] ?? {}) as Record<string, unknown>, rest, value) : value };
}

function changesRules(changes: Changes): RecurrenceRule[] | null {
  const { recurrenceRules, recurrenceRule } = changes as Partial<CalendarEvent>;
  if (recurrenceRules !== undefined) return recurrenceRules ?? [];
  return recurrenceRule === undefined ? null : recurrenceRule ? [recurrenceRule] : [];
}

/** The whole series: moved by as much as the occurrence is, with its days and with what times of their own there are. */
function ofAll(one: Occurrence, changes: Changes): Patch {
  const { event } = one;
  const { start, ...rest } = changes;
  const patch: Patch = { ...rest };
  if (start === undefined) return patch;
  const delta = parseLocal(start) - parseLocal(one.start);
  if (!delta) return patch;
  const base = parseLocal(event.start);
  patch.start = formatLocal(changes.showWithoutTime ? startOfDay(base + delta) : base + delta);
  if (!changesRules(changes)) Object.assign(patch, withRules(event, rulesOf(event).map((rule) => shiftedRule(rule, base, base + delta))));
  if (event.recurrenceOverrides) {
    patch.recurrenceOverrides = Object.fromEntries(Object.entries(event.recurrenceOverrides).map(([id, override]) => [formatLocal(parseLocal(id) + delta), override]));
  }
  return patch;
}

/** A rule for a series that begins at another time: days named in it move along. */
export function shiftedRule(rule: RecurrenceRule, from: number, to: number): RecurrenceRule {
  const days = Math.round((startOfDay(to) - startOfDay(from)) / DAY);
  const moved: RecurrenceRule = { ...rule };
  if (rule.until) moved.until = formatLocal(parseLocal(rule.until) + (to - from));
  if (!days) return moved;
  const date = new Date(to);
  if (rule.byDay?.length) {
    const nth = rule.byDay[0]?.nthOfPeriod;
    if (nth && rule.byDay.length === 1) moved.byDay = [{ day: WEEKDAYS[weekdayOf(to)]!, nthOfPeriod: nth < 0 ? -1 : Math.ceil(date.getUTCDate() / 7) }];
    else if (rule.byDay.length < 7) moved.byDay = rule.byDay.map((one) => ({ ...one, day: WEEKDAYS[(((WEEKDAYS.indexOf(one.day) + days) % 7) + 7) % 7]! }));
  }
  if (rule.byMonthDay?.length === 1) moved.byMonthDay = [date.getUTCDate()];
  if (rule.frequency === 'yearly' && rule.byMonth?.length === 1) moved.byMonth = [String(date.getUTCMonth() + 1)];
  return moved;
}
