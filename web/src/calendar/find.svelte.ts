/** An occurrence by its key, as it is now. */
import { store } from '../kernel/store.svelte';
import { data } from './data.svelte';
import { DAY, parseLocal } from '../kernel/time/local';
import { occurrencesOf, type Occurrence } from './occurrence';
import { CalendarEventType } from './types';

/** `account/event/recurrenceId` in its parts. */
export function partsOf(key: string): { account: string; id: string; recurrenceId: string } {
  const [account = '', id = '', recurrenceId = ''] = key.split('/');
  return { account, id, recurrenceId };
}

/** The occurrence of a key; fetched when it is not here yet, undefined meanwhile and when it is gone. Reactive. */
export function found(key: string | null): Occurrence | undefined {
  if (!key) return undefined;
  const { account, id, recurrenceId } = partsOf(key);
  const event = store.read(CalendarEventType, account, id);
  if (!event || '$gone' in event) return undefined;
  const at = parseLocal(recurrenceId || event.start);
  const near = occurrencesOf(account, event, at - 32 * DAY, at + 400 * DAY, data.zone);
  return near.find((one) => one.key === key) ?? (recurrenceId ? undefined : near[0]);
}
