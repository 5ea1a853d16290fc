/** Reminders as minutes before the start; what is otherwise (after the end, at a moment) is kept as it is. Pure. */
import { MINUTE, parseDuration, DAY } from '../kernel/time/local';
import { instantOf } from '../kernel/time/zone';
import type { Occurrence } from './occurrence';
import type { Alert, Calendar, Details } from './types';

/** Minutes before the start of an alert; null for one that is no such thing. */
export function minutesOf(alert: Alert): number | null {
  const trigger = alert.trigger;
  if (!('offset' in trigger) || trigger.relativeTo === 'end') return null;
  const { days, exact } = parseDuration(trigger.offset);
  return Math.round(-(days * DAY + exact) / MINUTE) || 0;
}

/** The instant at which an alert of an occurrence is due; `zone` is where whole days begin. RFC 8984 §4.5.2 */
export function momentOf({ trigger }: Alert, one: Pick<Occurrence, 'from' | 'to' | 'wholeDay'>, zone: string): number {
  if (!('offset' in trigger)) return Date.parse(trigger.when);
  const { days, exact } = parseDuration(trigger.offset);
  const base = trigger.relativeTo === 'end' ? one.to : one.from;
  return (one.wholeDay ? instantOf(base, zone) : base) + days * DAY + exact;
}

/** When one is reminded of an event: by its own alerts, or by its calendar's. */
export function alertsOf(details: Pick<Details, 'alerts' | 'useDefaultAlerts' | 'showWithoutTime'>, calendar: Calendar | undefined): number[] {
  const usual = details.showWithoutTime ? calendar?.defaultAlertsWithoutTime : calendar?.defaultAlertsWithTime;
  const alerts = details.useDefaultAlerts ? usual : details.alerts;
  const minutes = Object.values(alerts ?? {}).map((alert) => (alert ? minutesOf(alert) : null));
  return [...new Set(minutes.filter((one) => one !== null))].sort((a, b) => a - b);
}

/** Alerts for minutes before the start; those there are already stay themselves. */
export function alertsFor(minutes: number[], before: Record<string, Alert> | null | undefined): Record<string, Alert> | null {
  const odd = Object.entries(before ?? {}).filter(([, alert]) => alert && minutesOf(alert) === null);
  const made = minutes.map((one) => {
    const known = Object.entries(before ?? {}).find(([, alert]) => alert && minutesOf(alert) === one);
    return known ?? ([crypto.randomUUID(), { '@type': 'Alert', trigger: { '@type': 'OffsetTrigger', offset: offsetOf(one), relativeTo: 'start' }, action: 'display' } satisfies Alert] as const);
  });
  const all = [...odd, ...made];
  return all.length ? Object.fromEntries(all) : null;
}

/** Minutes before as a signed duration. */
export function offsetOf(minutes: number): string {
  const rest = Math.abs(minutes);
  const [days, hours, left] = [Math.floor(rest / 1440), Math.floor((rest % 1440) / 60), rest % 60];
  const time = hours || left || !days ? `T${hours ? `${hours}H` : ''}${left || (!hours && !days) ? `${left}M` : ''}` : '';
  return `${minutes > 0 ? '-' : ''}P${days ? `${days}D` : ''}${time}`;
}
