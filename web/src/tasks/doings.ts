/** What can be done to a task, as a menu. */
import { t } from '../kernel/i18n.svelte';
import { principal } from '../kernel/principals';
import { DAY, formatDay, startOfDay, weekdayOf } from '../kernel/time/local';
import { capital } from '../kernel/time/words';
import type { MenuItem } from '../ui/Menu.svelte';
import { Check, Eye, Undo, Trash } from '../ui/icons';
import { change, remove, toggle } from './actions';
import { askedBy } from './asked';
import { dueOn, isDone, levelOf, LEVELS } from './model';
import type { Task } from './types';
import { view } from './view.svelte';
import { wallNow, zone } from './words';

export function doings(account: string, task: Task): MenuItem[] {
  const writable = view.mayWrite(account, task);
  const shapes = writable && !askedBy(task, principal(account));
  const done = isDone(task);
  const today = startOfDay(wallNow());
  const due = (day: number | null) => () => change(account, task, dueOn(task, day === null ? '' : formatDay(day), zone()));
  return [
    { label: t('tasks.open'), icon: Eye, keys: 'O', run: () => view.openTask({ account, id: task.id }) },
    ...(writable ? [{ label: t(done ? 'tasks.markUndone' : 'tasks.markDone'), icon: done ? Undo : Check, keys: 'E', run: () => toggle(account, task) }] : []),
    ...(shapes && !done && !task.recurrenceRule ? [
      { label: t('tasks.due'), heading: true },
      { label: t('tasks.when.today'), run: due(today) },
      { label: t('tasks.when.tomorrow'), run: due(today + DAY) },
      { label: t('tasks.nextWeek'), run: due(today + (7 - weekdayOf(today)) * DAY) },
      ...(task.due ? [{ label: t('tasks.when.none'), run: due(null) }] : []),
    ] : []),
    ...(shapes ? [
      { label: t('tasks.priority'), heading: true },
      ...LEVELS.map((level) => ({ label: capital(t(`tasks.priority.${level}`)), checked: levelOf(task) === level, run: () => void change(account, task, { priority: level }) })),
    ] : []),
    ...(writable ? [{ label: t('tasks.delete'), icon: Trash, keys: '#', danger: true, apart: true, run: () => remove(account, task) }] : []),
  ];
}
