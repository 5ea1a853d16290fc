/** When nothing is told to somebody who does not look. Pure. */
import type { Preferences } from './preferences.svelte';

type Choices = Pick<Preferences, 'quietStart' | 'quietEnd' | 'quietDays' | 'agenda'>;

/** Whether a moment, in the time of this device, is within the quiet hours, or on a day that is no workday where those are quiet. Hours may go over midnight; the same beginning and end are none. */
export function isQuiet(now: Date, { quietStart, quietEnd, quietDays, agenda }: Choices): boolean {
  const day = (now.getDay() + 6) % 7;
  if (quietDays && !agenda.workdays.includes(day)) return true;
  const at = now.getHours() * 60 + now.getMinutes();
  return quietStart < quietEnd ? at >= quietStart && at < quietEnd : quietStart > quietEnd && (at >= quietStart || at < quietEnd);
}
