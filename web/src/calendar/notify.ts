/** Reminders by the system's own notifications. */
import { withWords } from '../kernel/i18n.svelte';
import { tell, wouldTell } from '../kernel/telling';
import { titleOf } from './actions';
import { data } from './data.svelte';
import { partsOf } from './find.svelte';
import { occurrencesOf, type Occurrence } from './occurrence';
import { placeOf } from './places';
import { keyOf, type Ring } from './ringing.svelte';
import { CalendarEventType } from './types';
import { whenOf } from './words';
import { store } from '../kernel/store.svelte';
import { DAY, formatDay, parseLocal, startOfDay } from '../kernel/time/local';
import { todayIn, wallOf } from '../kernel/time/zone';
import { capital } from '../kernel/time/words';

/** The occurrence that a reminder is about, fetched when it is not here; undefined when it is gone. Fails when it cannot be had now. */
export async function occurrenceOf(ring: Ring): Promise<Occurrence | undefined> {
  const { account, id, recurrenceId } = partsOf(ring.occurrence);
  const entry = store.entry(CalendarEventType, account, id);
  if (!entry.value && entry.status !== 'missing') await store.load(CalendarEventType, account, [id]);
  if (entry.status === 'empty') throw new Error('out of reach');
  const event = entry.value;
  if (!event) return undefined;
  const at = parseLocal(recurrenceId || event.start);
  const near = occurrencesOf(account, event, at - 32 * DAY, at + 32 * DAY, data.zone);
  return near.find((one) => (one.recurrenceId ?? '') === recurrenceId);
}

/** Where it is shown. */
export function pathOf(one: Occurrence): string {
  const day = startOfDay(one.wholeDay ? one.from : wallOf(one.from, data.zone));
  return `/calendar/week/${formatDay(day)}?${new URLSearchParams({ event: one.key })}`;
}

export async function notify(ring: Ring): Promise<void> {
  if (!wouldTell()) return;
  const one = await withWords('calendar', () => occurrenceOf(ring))();
  if (!one) return;
  const body = [capital(whenOf(one, data.zone, todayIn(data.zone))), placeOf(one)].filter(Boolean).join('\n');
  await tell(titleOf(one), { body, tag: keyOf(ring), path: pathOf(one) });
}
