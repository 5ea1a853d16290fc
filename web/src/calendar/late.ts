/** Reminders that were due while nobody listened, as when a laptop slept: rung late rather than never. */
import { HOUR } from '../kernel/time/local';
import { momentOf } from './alerts';
import { data, isShown } from './data.svelte';
import type { Occurrence } from './occurrence';
import { ringing } from './ringing.svelte';
import type { Alert, Calendar } from './types';

/** How late one still rings, and only when its event is not over. */
const LATE = HOUR;

/** The alerts of occurrences that were due in the last hour, with the ids by which the server knows them. Pure. */
export function dueLately(occurrences: Occurrence[], now: number, zone: string, calendarOf: (one: Occurrence) => Calendar | undefined): { one: Occurrence; alertId: string }[] {
  return occurrences.flatMap((one) => {
    const calendar = calendarOf(one);
    const usual = one.showWithoutTime ? calendar?.defaultAlertsWithoutTime : calendar?.defaultAlertsWithTime;
    const alerts: [string, Alert | null][] = Object.entries((one.useDefaultAlerts ? usual : one.alerts) ?? {});
    return alerts.flatMap(([alertId, alert]) => {
      if (!alert || alert.action === 'email' || alert.acknowledged || one.status === 'cancelled') return [];
      const at = momentOf(alert, one, zone);
      return at > now - LATE && at <= now && one.to > now ? [{ one, alertId }] : [];
    });
  });
}

/** Rings what the person's own calendars had to say in the last hour. */
export async function ringLate(): Promise<void> {
  const now = Date.now();
  await data.near(now);
  const own = data.occurrences(now - 24 * HOUR, now + 24 * HOUR).filter(({ account }) => account === data.home);
  const calendarOf = (one: Occurrence) => {
    const place = data.placeOf(one.account, one.event);
    return place && isShown(place) ? place.calendar : undefined;
  };
  for (const { one, alertId } of dueLately(own, now, data.zone, calendarOf)) {
    ringing.take({ accountId: one.account, calendarEventId: one.event.id, recurrenceId: one.recurrenceId, alertId });
  }
}
