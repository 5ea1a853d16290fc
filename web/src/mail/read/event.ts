/** What an invitation says, for reading: the first event of an iCalendar text (RFC 5545). Pure. */

export interface CalendarEvent {
  title: string;
  start: Date | null;
  end: Date | null;
  /** Days without times; `end` is the last day. */
  wholeDay: boolean;
  place: string;
  organizer: string;
  people: string[];
  notes: string;
  cancelled: boolean;
}

interface Line {
  name: string;
  parameters: Record<string, string>;
  value: string;
}

const DAY = 86_400_000;

/** Content lines, unfolded (§3.1). */
function linesOf(text: string): Line[] {
  return text
    .replace(/\r?\n[ \t]/g, '')
    .split(/\r?\n/)
    .flatMap((line) => {
      const [, name, given, value] = /^([\w-]+)((?:;[\w-]+=(?:"[^"]*"|[^;:"]*))*):(.*)$/s.exec(line) ?? [];
      if (!name) return [];
      const pairs = [...(given ?? '').matchAll(/;([\w-]+)=(?:"([^"]*)"|([^;:"]*))/g)].map(([, key, quoted, bare]) => [key!.toUpperCase(), quoted ?? bare ?? ''] as const);
      return [{ name: name.toUpperCase(), parameters: Object.fromEntries(pairs), value: value ?? '' }];
    });
}

/** §3.3.11 */
function plain(value: string): string {
  return value.replace(/\\([nN,;\\])/g, (_all, sign: string) => (/n/i.test(sign) ? '\n' : sign)).trim();
}

/** §3.3.4, §3.3.5: UTC as it is; times of a zone or of none are shown as they are written. */
function moment(value: string): Date | null {
  const [, year, month, day, hour = '0', minute = '0', zone] = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d*(Z)?)?$/.exec(value.trim()) ?? [];
  if (!year) return null;
  const parts = [+year, +month! - 1, +day!, +hour, +minute] as const;
  return zone ? new Date(Date.UTC(...parts)) : new Date(...parts);
}

function person({ parameters, value }: Line): string {
  return parameters.CN || value.replace(/^mailto:/i, '');
}

/** Null when there is no event in it. */
export function eventOf(text: string): CalendarEvent | null {
  const all = linesOf(text);
  const begin = all.findIndex((line) => line.name === 'BEGIN' && line.value === 'VEVENT');
  if (begin < 0) return null;
  const until = all.findIndex((line, index) => index > begin && line.name === 'END' && line.value === 'VEVENT');
  const lines = all.slice(begin + 1, until < 0 ? undefined : until);
  const first = (name: string) => lines.find((line) => line.name === name);
  const start = first('DTSTART');
  const wholeDay = !!start && !start.value.includes('T');
  const end = moment(first('DTEND')?.value ?? '');
  return {
    title: plain(first('SUMMARY')?.value ?? ''),
    start: moment(start?.value ?? ''),
    end: end && wholeDay ? new Date(end.getTime() - DAY) : end,
    wholeDay,
    place: plain(first('LOCATION')?.value ?? ''),
    organizer: first('ORGANIZER') ? person(first('ORGANIZER')!) : '',
    people: lines.filter((line) => line.name === 'ATTENDEE').map(person),
    notes: plain(first('DESCRIPTION')?.value ?? ''),
    cancelled: [...all.filter((line) => line.name === 'METHOD'), ...lines.filter((line) => line.name === 'STATUS')].some((line) => /^CANCEL/i.test(line.value)),
  };
}
