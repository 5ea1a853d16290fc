/** When people can meet: the server knows who is busy, here and elsewhere, and ranks the times. CalendarEvent/findTime */
import { jmap } from '../kernel/jmap';
import { formatExact } from '../kernel/time/local';
import { data } from './data.svelte';

export interface Wanted {
  address: string;
  name: string;
  optional: boolean;
}

interface Period {
  from: number;
  to: number;
}

export interface Found extends Wanted {
  zone: string | null;
  /** Null when nothing is known of them. */
  busy: (Period & { open: boolean })[] | null;
  /** Outside of these nothing is known; null where everything is. */
  known: Period[] | null;
}

/** A time, and by name for whom it is not quite right. */
export interface Slot extends Period {
  missing: string[];
  late: string[];
  unsure: string[];
  unknown: string[];
}

interface Span {
  utcStart: string;
  utcEnd: string;
}

export interface Answer {
  people: { who: string; name: string; timeZone: string | null; source: 'here' | 'freeBusy' | null; busy: (Span & { busyStatus: string })[] | null; known: Span[] }[];
  list: (Span & { busy: string[]; outside: string[]; tentative: string[]; unknown: string[] })[];
}

const utc = (at: number) => `${new Date(at).toISOString().slice(0, 19)}Z`;
const period = ({ utcStart, utcEnd }: Span): Period => ({ from: Date.parse(utcStart), to: Date.parse(utcEnd) });
const uriOf = (address: string) => `mailto:${address.toLowerCase()}`;

/** Asks for the best times of `length` between two instants; `zone` is whose half hours they begin at. */
export async function findTime(people: Wanted[], from: number, to: number, length: number, zone: string): Promise<{ people: Found[]; slots: Slot[] }> {
  const answer = await jmap.call<Answer>('CalendarEvent/findTime', {
    accountId: data.home,
    people: people.map(({ address, optional }) => ({ calendarAddress: uriOf(address), required: !optional })),
    utcStart: utc(from), utcEnd: utc(to), duration: formatExact(length), timeZone: zone, limit: 6,
  });
  return read(answer, people);
}

/** What the server says, by those who were asked for. Pure. */
export function read(answer: Answer, people: Wanted[]): { people: Found[]; slots: Slot[] } {
  const told = new Map(answer.people.map((one) => [one.who, one]));
  const names = new Map(people.map(({ address, name }) => [uriOf(address), name || told.get(uriOf(address))?.name || address]));
  const named = (list: string[]) => list.map((who) => names.get(who) ?? who);
  return {
    people: people.map((one): Found => {
      const it = told.get(uriOf(one.address));
      return {
        ...one, name: names.get(uriOf(one.address))!, zone: it?.timeZone ?? null,
        busy: it?.busy?.map((busy) => ({ ...period(busy), open: busy.busyStatus === 'tentative' })) ?? null,
        known: it?.source === 'freeBusy' ? it.known.map(period) : null,
      };
    }),
    slots: answer.list.map((slot): Slot => ({ ...period(slot), missing: named(slot.busy), late: named(slot.outside), unsure: named(slot.tentative), unknown: named(slot.unknown) })),
  };
}
