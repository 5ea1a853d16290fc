/** Dates and rules of tasks as people say them, in the language in use. */
import { region, t } from '../kernel/i18n.svelte';
import { DAY, startOfDay } from '../kernel/time/local';
import type { RecurrenceRule } from '../kernel/time/rule';
import { dueOf } from './model';
import type { Task } from './types';

/** The wall's time now. */
export function wallNow(): number {
  const now = new Date();
  return now.getTime() - now.getTimezoneOffset() * 60_000;
}

export function zone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function format(options: Intl.DateTimeFormatOptions, at: number): string {
  return new Intl.DateTimeFormat(region(), { ...options, timeZone: 'UTC' }).format(at);
}

/** `aujourd’hui`, `mar. 9:00`, `8 déc.`; '' without a date. */
export function dueWords(task: Pick<Task, 'due' | 'nextDue' | 'showWithoutTime'>, now = wallNow()): string {
  const due = dueOf(task);
  if (due === null) return '';
  const days = Math.round((startOfDay(due) - startOfDay(now)) / DAY);
  const day = days === 0 ? t('tasks.today') : days === 1 ? t('tasks.tomorrow') : days === -1 ? t('tasks.yesterday')
    : days > 1 && days < 7 ? format({ weekday: 'long' }, due)
    : format({ day: 'numeric', month: 'short', ...(new Date(due).getUTCFullYear() === new Date(now).getUTCFullYear() ? {} : { year: 'numeric' }) }, due);
  return task.showWithoutTime ? day : `${day} ${format({ hour: 'numeric', minute: '2-digit' }, due)}`;
}

export const REPEATS = ['daily', 'weekdays', 'weekly', 'fortnightly', 'monthly', 'yearly'] as const;
export type Repeat = (typeof REPEATS)[number];

/** The usual ways of repeating as rules. */
export function ruleFor(repeat: Repeat): RecurrenceRule {
  if (repeat === 'weekdays') return { frequency: 'weekly', byDay: (['mo', 'tu', 'we', 'th', 'fr'] as const).map((day) => ({ day })) };
  if (repeat === 'fortnightly') return { frequency: 'weekly', interval: 2 };
  return { frequency: repeat };
}

/** Which of the usual ways a rule is; '' when it is another. */
export function repeatOf(rule: RecurrenceRule): Repeat | '' {
  const days = (rule.byDay ?? []).map(({ day }) => day).sort().join();
  if (rule.count || rule.until || rule.byMonthDay?.length || rule.bySetPosition?.length) return '';
  if (rule.frequency === 'weekly' && days === 'fr,mo,th,tu,we') return 'weekdays';
  if (rule.frequency === 'weekly' && rule.interval === 2) return 'fortnightly';
  if ((rule.interval ?? 1) !== 1 || (rule.byDay?.length ?? 0) > 1) return '';
  return (['daily', 'weekly', 'monthly', 'yearly'] as const).find((one) => one === rule.frequency) ?? '';
}

export function repeatWords(rule: RecurrenceRule): string {
  const repeat = repeatOf(rule);
  return t(repeat ? `tasks.repeat.${repeat}` : 'tasks.repeat.other');
}
