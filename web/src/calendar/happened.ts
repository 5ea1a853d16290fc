/** What somebody else did to an event. Pure. */
import type { CalendarEventNotification } from './types';

const ANSWER = /^(recurrenceOverrides\/[^/]+\/)?participants\//;

/** Whether a change is about who takes part, of all times or of single ones. */
function isAnswer(name: string, value: unknown): boolean {
  if (ANSWER.test(name.replaceAll('~1', '/'))) return true;
  return name.startsWith('recurrenceOverrides/') && !!value && Object.keys(value).every((one) => ANSWER.test(one));
}

/** Who only answers changes nothing but that. */
export function whatOf({ type, event, eventPatch }: Pick<CalendarEventNotification, 'type' | 'event' | 'eventPatch'>): 'created' | 'invited' | 'destroyed' | 'answered' | 'cancelled' | 'moved' | 'changed' {
  if (type === 'created' && Object.keys(event?.participants ?? {}).length) return 'invited';
  if (type !== 'updated') return type;
  const changes = Object.entries(eventPatch ?? {}).filter(([name]) => !['updated', 'sequence', 'method'].includes(name));
  if (eventPatch?.status === 'cancelled') return 'cancelled';
  if (changes.some(([name]) => ['start', 'timeZone', 'duration', 'recurrenceRule'].includes(name))) return 'moved';
  return changes.length && changes.every(([name, value]) => isAnswer(name, value)) ? 'answered' : 'changed';
}
