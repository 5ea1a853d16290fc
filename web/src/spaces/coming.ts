/** What comes next in a space: events of the next two weeks, and tasks by when they are due. */
import { jmap } from '../kernel/jmap';
import { DAY, formatLocal } from '../kernel/time/local';
import { wallOf } from '../kernel/time/zone';

const MOST = 5;
const AHEAD = 14;

export interface Coming {
  type: 'CalendarEvent' | 'Task';
  /** Of one time of an event that recurs, the event's own. */
  id: string;
  recurrenceId?: string;
  name: string;
  /** UTC. */
  at: string;
}

type Answer = { list: { id: string; baseEventId?: string | null; recurrenceId?: string | null; title?: string; utcStart?: string | null; utcDue?: string | null }[] };

/** At most `MOST` of them, the next first. A room that the space does not have is left out. */
export async function coming(space: string, now = Date.now()): Promise<Coming[]> {
  const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const wall = wallOf(now, timeZone);
  const batch = jmap.batch();
  const ask = (type: Coming['type'], query: Record<string, unknown>, properties: string[]) => {
    const found = batch.add(`${type}/query`, { accountId: space, limit: MOST, ...query });
    return batch.add<Answer>(`${type}/get`, { accountId: space, '#ids': found.ref('/ids'), properties: ['id', 'title', ...properties] });
  };
  const calls = [
    ask('CalendarEvent', { filter: { after: formatLocal(wall), before: formatLocal(wall + AHEAD * DAY) }, timeZone, expandRecurrences: true, sort: [{ property: 'start' }] }, ['utcStart', 'baseEventId', 'recurrenceId']),
    ask('Task', { filter: { isDone: false, hasDue: true }, sort: [{ property: 'due' }] }, ['utcDue']),
  ];
  await batch.send();
  const [events, tasks] = await Promise.all(calls.map(({ answer }) => answer.then(({ list }) => list, () => [])));
  const all: Coming[] = [
    ...events!.map(({ id, baseEventId, recurrenceId, title = '', utcStart }) => ({ type: 'CalendarEvent' as const, id: baseEventId ?? id, recurrenceId: recurrenceId ?? '', name: title, at: utcStart ?? '' })),
    ...tasks!.map(({ id, title = '', utcDue }) => ({ type: 'Task' as const, id, name: title, at: utcDue ?? '' })),
  ];
  return all.filter(({ at }) => at).sort((a, b) => a.at.localeCompare(b.at)).slice(0, MOST);
}
