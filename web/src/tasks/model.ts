/** Tasks as pure functions: whether they are done, when they are due, how they are grouped, what a line of words says. */
import { folded } from '../kernel/fold';
import type { Language } from '../kernel/i18n.svelte';
import { DAY, formatLocal, parseLocal, startOfDay, weekdayOf } from '../kernel/time/local';
import { quick } from '../kernel/time/quick';
import type { RecurrenceRule } from '../kernel/time/rule';
import type { Alert, Task, TaskList, TaskNotification } from './types';

const DONE = new Set(['completed', 'failed', 'cancelled']);

export function isDone({ progress }: Pick<Task, 'progress'>): boolean {
  return DONE.has(progress);
}

const PROGRESS = ['needs-action', 'in-process', 'completed', 'failed', 'cancelled'];

/** What is said of what somebody did to a task. */
export function whatOf({ type, taskPatch }: Pick<TaskNotification, 'type' | 'taskPatch'>): 'created' | 'destroyed' | 'done' | 'commented' | 'due' | 'changed' {
  if (type !== 'updated') return type;
  const patch = taskPatch ?? {};
  if (patch.progress === 'completed') return 'done';
  if (Object.keys(patch).some((name) => name.split('/')[0] === 'comments')) return 'commented';
  return 'due' in patch ? 'due' : 'changed';
}

/** The progress that a column stands for. */
export function progressOf(status: string, list: Pick<TaskList, 'workflowProgress'>): string {
  if (PROGRESS.includes(status)) return status;
  return list.workflowProgress?.[status] ?? (status === 'pending' ? 'needs-action' : 'in-process');
}

/** The column that a task goes to when it is done, or to be done again. */
export function columnFor(done: boolean, list: TaskList): string | undefined {
  const wanted = done ? 'completed' : 'needs-action';
  return list.workflowStatuses.find((status) => status === wanted) ?? list.workflowStatuses.find((status) => DONE.has(progressOf(status, list)) === done);
}

/** The columns of a board: those of what failed or was given up only when something is in them. */
export function columnsOf(list: TaskList, filled: (status: string) => boolean): string[] {
  return list.workflowStatuses.filter((status) => !['failed', 'cancelled'].includes(status) || filled(status));
}

/** When a task is due on the wall's clock, as milliseconds; null without a date. */
export function dueOf(task: Pick<Task, 'due' | 'nextDue'>): number | null {
  const due = task.nextDue ?? task.due;
  const at = due ? parseLocal(due) : NaN;
  return Number.isNaN(at) ? null : at;
}

export type When = 'overdue' | 'today' | 'tomorrow' | 'week' | 'later' | 'none';

/** The group of a task by its date; `now` is the wall's time. What is due on a day is late the day after. */
export function whenOf(task: Pick<Task, 'due' | 'nextDue' | 'showWithoutTime'>, now: number): When {
  const due = dueOf(task);
  if (due === null) return 'none';
  const today = startOfDay(now);
  if (due < (task.showWithoutTime ? today : now)) return startOfDay(due) === today ? 'today' : 'overdue';
  if (due < today + DAY) return 'today';
  if (due < today + 2 * DAY) return 'tomorrow';
  return due < today + (7 - weekdayOf(today)) * DAY ? 'week' : 'later';
}

/** Whether the time has passed. */
export function isLate(task: Pick<Task, 'due' | 'nextDue' | 'showWithoutTime'>, now: number): boolean {
  const due = dueOf(task);
  return due !== null && due < (task.showWithoutTime ? startOfDay(now) : now);
}

const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz';

/**
 * A place between two others, as the server makes them: shown until it has made its own. Texts of base 36 that are
 * compared as they stand; '' for the ends.
 */
export function between(low: string, high: string): string {
  let made = '';
  for (let at = 0; ; at++) {
    const first = at < low.length ? DIGITS.indexOf(low[at]!) : 0;
    const last = high && at < high.length && high.startsWith(made) ? DIGITS.indexOf(high[at]!) : 36;
    if (last - first > 1) return made + DIGITS[(first + last) >> 1]!;
    made += DIGITS[first]!;
    if (made.length > 200) return made;
  }
}

export interface Person {
  id: string;
  name: string;
}

export interface Line {
  title: string;
  due: string | null;
  wholeDay: boolean;
  rule: RecurrenceRule | null;
  place: string;
  labels: string[];
  assignees: Person[];
  /** RFC 8984 §4.4.1: 1 is the most urgent; 0 says nothing. */
  priority: number;
}

/**
 * A task from a line of words: `Envoyer le rapport vendredi 9h #budget !1 @Hélène`. What is understood is taken out of
 * the line, the rest is the title; a name that nobody has stays in it.
 */
export function readLine(typed: string, now: number, language: Language, people: Person[]): Line {
  const labels: string[] = [];
  const assignees: Person[] = [];
  let priority = 0;
  let text = ` ${typed.normalize('NFC')} `.replace(/\s#([\p{L}\p{N}_-]{1,60})(?=\s)/gu, (_all, label: string) => {
    labels.push(label);
    return ' ';
  });
  text = text.replace(/\s!([1-9]|!{0,2})(?=\s)/gu, (_all, level: string) => {
    priority = /\d/.test(level) ? Number(level) : level.length === 2 ? 1 : level.length === 1 ? 3 : 5;
    return ' ';
  });
  text = text.replace(/\s@([\p{L}\p{N}._-]{2,60})(?=\s)/gu, (all, name: string) => {
    const found = people.find((person) => folded(person.name).split(/\s+/).some((word) => word.startsWith(folded(name))));
    if (!found) return all;
    assignees.push(found);
    return ' ';
  });
  const plain = text.replace(/\s+/g, ' ').trim();
  const read = quick(plain, now, language);
  const dated = read.title !== plain.replace(/^[\s,;:–-]+|[\s,;:–-]+$/g, '') && (read.title !== '' || plain === '');
  if (!dated && !read.rule) return { title: plain, due: null, wholeDay: false, rule: null, place: '', labels, assignees, priority };
  return { title: read.title || plain, due: formatLocal(read.start), wholeDay: read.wholeDay, rule: read.rule, place: read.place, labels, assignees, priority };
}

/** The properties of a new task that a line gives. */
export function recordOf(line: Line, timeZone: string): Record<string, unknown> {
  const { title, due, wholeDay, rule, place, labels, assignees, priority } = line;
  return {
    title,
    ...(due ? dated(due, wholeDay, timeZone) : {}),
    ...(rule ? { recurrenceRule: ruleOf(rule), start: due } : {}),
    ...(place ? { locations: { place: { '@type': 'Location', name: place } } } : {}),
    ...(labels.length ? { keywords: Object.fromEntries(labels.map((label) => [label, true])) } : {}),
    ...(assignees.length ? { assigneeIds: Object.fromEntries(assignees.map(({ id }) => [id, true])) } : {}),
    ...(priority ? { priority } : {}),
  };
}

export const OFFSETS = ['PT0S', '-PT15M', '-PT1H', '-P1D'] as const;
/** As a task or a list keeps when one is reminded; empty is never. */
export function alertsAt(offset: string): Record<string, Alert> | null {
  return offset ? { reminder: { '@type': 'Alert', trigger: { '@type': 'OffsetTrigger', offset, relativeTo: 'end' }, action: 'display' } } : null;
}
export function offsetOf(alerts: Record<string, Alert> | null | undefined): string {
  return Object.values(alerts ?? {})[0]?.trigger.offset ?? '';
}

/** When something is due: a moment has its zone, a day has none. */
export function dated(due: string, wholeDay: boolean, timeZone: string): { due: string; showWithoutTime: boolean; timeZone: string | null } {
  return wholeDay ? { due: `${due.slice(0, 10)}T00:00:00`, showWithoutTime: true, timeZone: null } : { due, showWithoutTime: false, timeZone };
}

/** What changes when a task is due on another day, at the time it has; '' is no day. */
export function dueOn(task: Pick<Task, 'due' | 'showWithoutTime'>, day: string, timeZone: string): Record<string, unknown> {
  if (!day) return { due: null, showWithoutTime: null, start: null, recurrenceRule: null };
  const time = task.showWithoutTime ? '' : (task.due?.slice(11) ?? '');
  return dated(`${day}T${time || '00:00:00'}`, !time, timeZone);
}

/** The priorities that are told apart, of those of RFC 8984 §4.4.1. */
export const LEVELS = [1, 5, 9, 0] as const;
export function levelOf({ priority }: Pick<Task, 'priority'>): (typeof LEVELS)[number] {
  return priority === 0 ? 0 : priority < 5 ? 1 : priority === 5 ? 5 : 9;
}

/** A rule with the types that JSCalendar writes. */
export function ruleOf(rule: RecurrenceRule): Record<string, unknown> {
  return { '@type': 'RecurrenceRule', ...rule, ...(rule.byDay ? { byDay: rule.byDay.map((day) => ({ '@type': 'NDay', ...day })) } : {}) };
}

/** How much of the check lists is done. */
export function checked(task: Pick<Task, 'checklists'>): { done: number; count: number } {
  const items = Object.values(task.checklists ?? {}).flatMap(({ checkItems }) => checkItems ?? []);
  return { done: items.filter(({ isComplete }) => isComplete).length, count: items.length };
}

/** By columns in the board's order, then by places. */
export function inOrder(tasks: Task[], statuses: string[]): Task[] {
  const rank = (task: Task) => (statuses.indexOf(task.workflowStatus ?? '') + statuses.length + 1) % (statuses.length + 1);
  return [...tasks].sort((a, b) => rank(a) - rank(b) || (a.position < b.position ? -1 : a.position > b.position ? 1 : 0));
}
