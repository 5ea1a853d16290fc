/** What `MailDoctor/get` answers, and what the page makes of it. Nothing here asks anybody. */

export type Verdict = 'good' | 'note' | 'fault';

/** One thing that DNS says or should say. Its sentence has no full stop, so that a colon and the line may follow. */
export interface DnsRecord {
  where: string;
  what: string;
  verdict: Verdict;
  code: string;
  sentence: string;
  line: string;
}

export interface Finding {
  severity: Verdict;
  code: string;
  title: string;
  sentence: string;
  advice: string;
  count: number;
  since: string | null;
  example: string;
  line: string;
  waiting: boolean;
}

/** Mail in the name of a domain on a day (UTC, as `2026-11-27`). */
export interface Day {
  day: string;
  aligned: number;
  failed: number;
}

export interface Diagnosis {
  at: string;
  server: DnsRecord[];
  domains: { domain: string; records: DnsRecord[] }[];
  mail: Finding[];
  reports: { days: (Day & { domain: string })[]; dmarc: number; tls: number; reporters: string[]; last: string | null };
}

export const DAYS = 30;
const DAY_MS = 86_400_000;
const WORST: Verdict[] = ['fault', 'note', 'good'];

export function worst(records: DnsRecord[]): Verdict {
  return WORST.find((verdict) => records.some((record) => record.verdict === verdict)) ?? 'good';
}

/** How many things are to be mended, and how many to be known: a domain counts once, and so does the server. */
export function counted(found: Diagnosis): { fault: number; note: number } {
  const verdicts = [...found.mail.map((one) => one.severity), worst(found.server), ...found.domains.map((one) => worst(one.records))];
  const count = (verdict: Verdict) => verdicts.filter((one) => one === verdict).length;
  return { fault: count('fault'), note: count('note') };
}

/** What is looked at in some domain, in the server's order. */
export function columns(domains: Diagnosis['domains']): string[] {
  return [...new Set(domains.flatMap((one) => one.records.map((record) => record.what)))];
}

/** The days until that of `at`, those without mail too, of one domain or of all. */
export function daily(found: Diagnosis, domain = ''): Day[] {
  const last = Date.parse(found.at.slice(0, 10));
  const days = Array.from({ length: DAYS + 1 }, (_, n) => ({ day: new Date(last - (DAYS - n) * DAY_MS).toISOString().slice(0, 10), aligned: 0, failed: 0 }));
  const byDay = new Map(days.map((each) => [each.day, each]));
  for (const each of found.reports.days) {
    const day = byDay.get(each.day);
    if (!day || (domain && each.domain !== domain)) continue;
    day.aligned += each.aligned;
    day.failed += each.failed;
  }
  return days;
}

export interface Sum {
  total: number;
  /** From 0 to 1; 1 only when all is proved. */
  part: number;
  worst: Day | null;
}

export function summed(days: Day[]): Sum {
  const aligned = days.reduce((sum, each) => sum + each.aligned, 0);
  const failed = days.reduce((sum, each) => sum + each.failed, 0);
  const most = days.reduce<Day | null>((found, each) => (each.failed > (found?.failed ?? 0) ? each : found), null);
  const part = failed ? Math.min(aligned / (aligned + failed), 0.999) : 1;
  return { total: aligned + failed, part, worst: most };
}

export interface Bar {
  day: Day;
  x: number;
  /** Height above the line: proved. */
  up: number;
  /** Height below the line: not proved. */
  down: number;
}

/** Bars in a picture of `width` by `height`, and where its line lies. Whatever there is, is seen. */
export function drawn(days: Day[], width: number, height: number): { bars: Bar[]; line: number } {
  const most = Math.max(0, ...days.map((each) => each.aligned));
  const least = Math.max(0, ...days.map((each) => each.failed));
  const scale = most + least ? height / (most + least) : 0;
  const below = least && Math.max(least * scale, 4);
  const line = most ? Math.max(height - below, 4) : 0;
  const tall = (count: number, all: number, room: number) => (count ? Math.max((count / all) * room, 2) : 0);
  const bars = days.map((day, n) => ({
    day,
    x: (n * width) / days.length,
    up: tall(day.aligned, most, line),
    down: tall(day.failed, least, height - line),
  }));
  return { bars, line };
}
