/**
 * An event from a line of words: `déjeuner avec Linh demain 12h30 au Café`, `họp nhóm thứ sáu 14h-15h`,
 * `lunch with Ana next Tue at 1pm for 45 min`. What is understood is taken out of the line; the rest is the title. Pure.
 */
import type { Language } from '../i18n.svelte';
import { folded } from '../fold';
import { DAY, HOUR, MINUTE, startOfDay, startOfWeek, WEEK, WEEKDAYS, weekdayOf } from './local';
import { WORDS, type Words } from './quick-words';
import type { RecurrenceRule } from './rule';

export interface Quick {
  title: string;
  /** Wall-clock time; for whole days a midnight. */
  start: number;
  /** Milliseconds. */
  length: number;
  wholeDay: boolean;
  place: string;
  rule: RecurrenceRule | null;
}

const LONGEST = 500;
const USUAL = HOUR;

/** The line, folded letter by letter so that places in it are places in what was typed; what is taken is blanked. */
class Line {
  private rest: string;

  constructor(
    readonly typed: string,
    readonly words: Words,
  ) {
    this.rest = [...typed].map((letter) => (letter.length === 1 ? (folded(letter) || letter)[0]! : '··')).join('');
  }

  /** The first match of whole words. */
  look(source: string): RegExpExecArray | null {
    return new RegExp(`(?<![\\p{L}\\p{N}])(?:${source})(?![\\p{L}\\p{N}])`, 'u').exec(this.rest);
  }

  takeFound(found: RegExpExecArray): true {
    this.rest = this.rest.slice(0, found.index) + '\0'.repeat(found[0].length) + this.rest.slice(found.index + found[0].length);
    return true;
  }

  /** Takes the first match of whole words out. */
  take(source: string): RegExpExecArray | null {
    const found = this.look(source);
    if (found) this.takeFound(found);
    return found;
  }

  /** Takes a place: what follows its word, up to what was understood or the end. */
  place(): string {
    const found = new RegExp(`(?<![\\p{L}\\p{N}])(?:(?:${this.words.place})\\s+|@\\s*)([^\\0]*\\p{L}[^\\0]*?)\\s*(?=\\0|$)`, 'u').exec(this.rest);
    if (!found || !this.rest.includes('\0')) return '';
    const end = found.index + found[0].length;
    const start = end - found[0].length + found[0].indexOf(found[1]!, found[0].search(/\s|@/));
    const text = this.typed.slice(start, end).trim();
    // A place has its own name: `à préparer` is none.
    if (!found[0].startsWith('@') && !/^[\p{Lu}\p{N}]/u.test(text)) return '';
    this.rest = this.rest.slice(0, found.index) + '\0'.repeat(found[0].length) + this.rest.slice(end);
    return text;
  }

  /** What was not understood. */
  get title(): string {
    const kept = [...this.typed].map((letter, at) => (this.rest[at] === '\0' ? '\0' : letter)).join('');
    return kept.replace(/\0+/g, ' ').replace(/\s+/g, ' ').replace(/^[\s,;:–-]+|[\s,;:–-]+$/g, '');
  }
}

/** Reads a line in the language in use, or in the one of the others that more of it is in; `now` is the wall's time. */
export function quick(typed: string, now: number, language: Language): Quick {
  const text = typed.normalize('NFC').slice(0, LONGEST);
  const readings = [language, ...(['fr', 'vi', 'en'] as const).filter((other) => other !== language)].map((one) => read(text, now, WORDS[one]));
  const best = readings.reduce((a, b) => (b.taken > a.taken ? b : a));
  return best.quick;
}

function read(text: string, now: number, words: Words): { quick: Quick; taken: number } {
  const line = new Line(text, words);
  const rule = repeatIn(line);
  const wholeDay = !!line.take(words.allDay);
  const length = lengthIn(line);
  const date = isoIn(line, startOfDay(now));
  const clock = clockIn(line);
  const day = date ?? dayIn(line, now);
  const found = rule !== null || wholeDay || clock !== null || day !== null || length !== null;
  const place = found ? line.place() : '';
  const title = line.title;
  const quick: Quick = { title, place, rule, ...timeOf(now, { day, clock, length, wholeDay, rule }) };
  return { quick, taken: text.replace(/\s+/g, ' ').trim().length - title.length };
}

interface Found {
  day: number | null;
  clock: { from: number; to: number | null } | null;
  length: number | null;
  wholeDay: boolean;
  rule: RecurrenceRule | null;
}

function timeOf(now: number, { day, clock, length, wholeDay, rule }: Found): Pick<Quick, 'start' | 'length' | 'wholeDay'> {
  const today = startOfDay(now);
  const weekday = rule?.byDay?.map(({ day: name }) => WEEKDAYS.indexOf(name)) ?? [];
  const first = day ?? (weekday.length ? Math.min(...weekday.map((one) => coming(today, one))) : today);
  if (wholeDay || (!clock && (day !== null || rule) && length === null)) return { start: first, length: DAY, wholeDay: true };
  if (!clock) {
    const start = day === null ? Math.ceil(now / (30 * MINUTE)) * 30 * MINUTE : first + 9 * HOUR;
    return { start, length: length ?? USUAL, wholeDay: false };
  }
  let start = first + clock.from;
  if (day === null && start < now) start += weekday.length && !weekday.includes(weekdayOf(start + DAY)) ? WEEK : DAY;
  const until = clock.to === null ? null : (clock.to - clock.from + DAY) % DAY;
  return { start, length: until || length || USUAL, wholeDay: false };
}

/** The next of a weekday, today counted. */
function coming(today: number, weekday: number): number {
  return today + ((weekday - weekdayOf(today) + 7) % 7) * DAY;
}

function repeatIn(line: Line): RecurrenceRule | null {
  const { words } = line;
  if (line.take(words.everyWorkday)) return { frequency: 'weekly', byDay: WEEKDAYS.slice(0, 5).map((day) => ({ day })) };
  for (const [index, source] of words.weekdays.entries()) {
    if (line.take(`${words.every}\\s+${source}`)) return { frequency: 'weekly', byDay: [{ day: WEEKDAYS[index]! }] };
  }
  const kinds = [[words.everyDay, 'daily'], [words.everyWeek, 'weekly'], [words.everyMonth, 'monthly'], [words.everyYear, 'yearly']] as const;
  for (const [source, frequency] of kinds) if (line.take(source)) return { frequency };
  return null;
}

function lengthIn(line: Line): number | null {
  const { lasting, hours, minutes, half } = line.words;
  const found = line.take(`${lasting}\\s+(?:(\\d{1,3}(?:[.,]\\d)?)\\s*${hours}(?:\\s*(\\d{1,2})|\\s*(${half}))?|(\\d{1,3})\\s*${minutes})`);
  if (!found) return null;
  const [, whole, more, and, alone] = found;
  if (alone) return Number(alone) * MINUTE;
  return Number(whole!.replace(',', '.')) * HOUR + Number(more ?? 0) * MINUTE + (and ? HOUR / 2 : 0);
}

/** A time of day, with where it ends if that is said. */
function clockIn(line: Line): Found['clock'] {
  const { at, from, to, morning, afternoon, hours, half, noon, midnight } = line.words;
  const one = (n: number) => `(?<h${n}>\\d{1,2})(?:\\s*(?:${hours}|:)\\s*(?<m${n}>\\d{2})|\\s*${hours}(?:\\s+(?<f${n}>${half}))?)?(?:\\s*(?:(?<a${n}>${morning})|(?<p${n}>${afternoon})))?|(?<n${n}>${noon})|(?<z${n}>${midnight})`;
  const range = line.look(`(?:${from}\\s+)?(?:${at}\\s+)?(?:${one(1)})(?:\\s*[-–]\\s*|\\s+${to}\\s+)(?:${one(2)})`);
  if (range && isClock(range[0], hours)) {
    const [start, end] = [clockOf(range.groups!, 1, range.groups!.p2 ? 'p' : ''), clockOf(range.groups!, 2)];
    if (start !== null && end !== null && line.takeFound(range)) return { from: start > end && range.groups!.p2 ? start - 12 * HOUR : start, to: end };
  }
  const single = line.take(`(?:${at}\\s+)(?:${one(1)})`) ?? line.take(oneAlone(one(1), hours, morning, afternoon, noon, midnight));
  const start = single ? clockOf(single.groups!, 1) : null;
  return start === null ? null : { from: start, to: null };
}

/** A number on its own is no time of day: it needs its sign or its word. */
function oneAlone(one: string, hours: string, morning: string, afternoon: string, noon: string, midnight: string): string {
  return `(?=\\d{1,2}\\s*(?:${hours}|:\\d|${morning}|${afternoon})|${noon}|${midnight})(?:${one})`;
}

/** Whether a range says that it is of hours: `2-3` may be of anything. */
function isClock(found: string, hours: string): boolean {
  return new RegExp(`\\d\\s*(?:${hours}|:\\d)|\\p{L}`, 'u').test(found);
}

function clockOf(groups: Record<string, string | undefined>, n: number, side = ''): number | null {
  if (groups[`n${n}`]) return 12 * HOUR;
  if (groups[`z${n}`]) return 0;
  let hour = Number(groups[`h${n}`]);
  const minute = Number(groups[`m${n}`] ?? (groups[`f${n}`] ? 30 : 0));
  const after = groups[`p${n}`] !== undefined || (side === 'p' && groups[`a${n}`] === undefined);
  if (after && hour < 12) hour += 12;
  if (groups[`a${n}`] !== undefined && hour === 12) hour = 0;
  return hour < 24 && minute < 60 ? hour * HOUR + minute * MINUTE : null;
}

/** A day: by its distance, its weekday, its date. */
function dayIn(line: Line, now: number): number | null {
  const today = startOfDay(now);
  const { words } = line;
  const on = `(?:${words.on}\\s+)?`;
  return dateIn(line, today, on) ?? nearIn(line, today) ?? weekdayIn(line, today, on);
}

function nearIn(line: Line, today: number): number | null {
  const { words } = line;
  for (const [source, days] of words.days) if (line.take(source)) return today + days * DAY;
  const days = line.take(words.inDays.replace('{n}', '(\\d{1,3})'));
  if (days) return today + Number(days[1]) * DAY;
  const weeks = line.take(words.inWeeks.replace('{n}', '(\\d{1,2})'));
  return weeks ? today + Number(weeks[1]) * WEEK : null;
}

function weekdayIn(line: Line, today: number, on: string): number | null {
  const { words } = line;
  for (const [index, source] of words.weekdays.entries()) {
    const found = line.take(`${on}(?:(${words.nextBefore})\\s+)?${source}(?:\\s+(${words.nextAfter}))?`);
    if (!found) continue;
    const next = found[1] ?? found[2];
    if (next && words.nextIsNextWeek) return startOfWeek(today) + WEEK + index * DAY;
    const day = coming(today, index);
    return next && day === today ? day + WEEK : day;
  }
  return null;
}

/** Before the times of day, which it looks like. */
function isoIn(line: Line, today: number): number | null {
  const iso = line.take(`(?:${line.words.on}\\s+)?(\\d{4})-(\\d{2})-(\\d{2})`);
  return iso ? dateOf(today, Number(iso[3]), Number(iso[2]), Number(iso[1])) : null;
}

function dateIn(line: Line, today: number, on: string): number | null {
  for (const [index, source] of line.words.months.entries()) {
    const before = line.take(`${on}(\\d{1,2})(?:er|st|nd|rd|th)?\\s+(?:of\\s+)?${source}(?:,?\\s+(?:nam\\s+)?(\\d{4}))?`) ;
    if (before) return dateOf(today, Number(before[1]), index + 1, before[2] ? Number(before[2]) : null);
    const after = line.take(`${on}${source}\\s+(\\d{1,2})(?:st|nd|rd|th)?(?:,?\\s+(\\d{4}))?`);
    if (after) return dateOf(today, Number(after[1]), index + 1, after[2] ? Number(after[2]) : null);
  }
  const numbers = line.take(`${on}(\\d{1,2})[/.](\\d{1,2})(?:[/.](\\d{4}|\\d{2}))?`);
  if (!numbers) return null;
  const year = numbers[3] ? (numbers[3].length === 2 ? 2000 + Number(numbers[3]) : Number(numbers[3])) : null;
  return dateOf(today, Number(numbers[1]), Number(numbers[2]), year);
}

/** A date that is still to come when no year is said; null for one that is none. */
function dateOf(today: number, day: number, month: number, year: number | null): number | null {
  const of = (one: number) => {
    const at = new Date(Date.UTC(one, month - 1, day));
    return at.getUTCMonth() === month - 1 && at.getUTCDate() === day ? at.getTime() : null;
  };
  const first = of(year ?? new Date(today).getUTCFullYear());
  return first !== null && year === null && first < today ? of(new Date(today).getUTCFullYear() + 1) : first;
}
