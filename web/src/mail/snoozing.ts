/** When a message may come back: the moments people choose most. Pure. */

export type Moment = 'laterToday' | 'tonight' | 'tomorrow' | 'weekend' | 'nextWeek';

const MORNING = 8;
const EVENING = 18;
const HOUR = 3_600_000;

/** The moments that make sense from now on, the nearest first. */
export function moments(now: Date): { id: Moment; at: Date }[] {
  const day = (days: number, hour: number) => new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hour);
  const until = (weekday: number) => (weekday - now.getDay() + 7) % 7 || 7;
  const later = new Date(Math.ceil((now.getTime() + 3 * HOUR) / (HOUR / 2)) * (HOUR / 2));
  const weekend = until(6);
  return [
    ...(later < day(0, EVENING) ? [{ id: 'laterToday' as const, at: later }] : []),
    ...(now < day(0, EVENING) ? [{ id: 'tonight' as const, at: day(0, EVENING) }] : []),
    { id: 'tomorrow', at: day(1, MORNING) },
    ...(weekend > 1 && weekend < 7 && now.getDay() !== 0 ? [{ id: 'weekend' as const, at: day(weekend, MORNING) }] : []),
    ...(until(1) > 1 ? [{ id: 'nextWeek' as const, at: day(until(1), MORNING) }] : []),
  ];
}
