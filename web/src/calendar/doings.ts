/** What commands do, loaded when the first of them is pressed. */
import { panel } from '../kernel/panel.svelte';
import { router } from '../kernel/router.svelte';
import { remove } from './actions';
import { data } from './data.svelte';
import { found } from './find.svelte';
import { DAY, HOUR, MINUTE } from '../kernel/time/local';
import { ui, type Draft } from './ui.svelte';
import { view, type Mode } from './view.svelte';

/** A new event: today at the next half hour, else on the day in view when the day begins. */
export function begin(more: Partial<Draft> = {}): void {
  if (router.parts[0] !== 'calendar' && panel.current !== 'calendar') router.go('/calendar');
  const { workStart, length } = data.agenda;
  const shown = view.days.includes(view.today) || view.mode === 'agenda' ? null : view.day;
  const from = shown === null ? Math.ceil(view.now / (30 * MINUTE)) * 30 * MINUTE : shown + workStart * MINUTE;
  ui.draft = { from, to: from + length * MINUTE, wholeDay: false, fixed: false, ...more };
}

export function today(): void {
  view.go(view.today);
}

export function setMode(mode: Mode): void {
  view.setMode(mode);
}

export function shift(by: 1 | -1): void {
  view.shift(by);
}

/** A day on, in whatever is shown. */
export function step(by: 1 | -1): void {
  if (view.mode === 'month' || view.mode === 'agenda') view.go(view.day + by * DAY);
  else view.shift(by);
}

export function close(): void {
  view.close();
}

export function focusEvents(): void {
  const all = [...document.querySelectorAll<HTMLElement>('[data-key]')];
  const coming = all.find((one) => Number(one.dataset.from) > Date.now() - HOUR);
  (coming ?? all[0])?.focus();
}

export function edit(): void {
  const occurrence = found(view.opened);
  if (occurrence) ui.editing = { occurrence };
}

export function removeOpen(): void {
  const focused = document.activeElement?.closest<HTMLElement>('[data-key]')?.dataset.key;
  const occurrence = found(view.opened ?? focused ?? null);
  if (occurrence) void remove(occurrence).then((done) => done && view.close());
}

/** Files to import, by the system's own dialog. */
export function chooseFiles(): void {
  const field = document.createElement('input');
  field.type = 'file';
  field.accept = '.ics,.ical,.ifb,text/calendar';
  field.multiple = true;
  field.onchange = () => field.files?.length && (ui.importing = { files: [...field.files] });
  field.click();
}
