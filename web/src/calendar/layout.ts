/** Where events are drawn: columns for those at the same time of a day, lanes for those that last days. Pure. */
import { DAY, MINUTE, startOfDay } from '../kernel/time/local';
import type { Occurrence } from './occurrence';
import { wallOf } from '../kernel/time/zone';

/** A part of an event within one day, in minutes from that day's midnight. */
export interface Piece {
  occurrence: Occurrence;
  top: number;
  bottom: number;
  /** Which of how many columns, and over how many it may spread. */
  column: number;
  columns: number;
  spread: number;
  /** Begins or ends on another day. */
  before: boolean;
  after: boolean;
}

/** An event in the row of whole days: from a day's index to before another's, in a lane. */
export interface Bar {
  occurrence: Occurrence;
  first: number;
  last: number;
  lane: number;
  before: boolean;
  after: boolean;
}

/** However short, an event is as high as this many minutes, for a finger and a word. */
const LEAST = 24;

/** Where an event begins and ends on the walls of a zone. */
export function wallsOf(one: Occurrence, zone: string): { from: number; to: number } {
  return one.wholeDay ? { from: one.from, to: one.to } : { from: wallOf(one.from, zone), to: wallOf(one.to, zone) };
}

/** Whether it stands in the row of whole days. */
export function isLong(one: Occurrence): boolean {
  return one.wholeDay || one.to - one.from >= DAY;
}

/** The timed events of a day as columns. `day` is its midnight on the wall. */
export function piecesOf(occurrences: Occurrence[], day: number, zone: string): Piece[] {
  const pieces = occurrences.filter((one) => !isLong(one)).flatMap((occurrence) => {
    const { from, to } = wallsOf(occurrence, zone);
    if (from >= day + DAY || (to <= day && from < day)) return [];
    const top = Math.max(0, (from - day) / MINUTE);
    const bottom = Math.min(1440, Math.max((to - day) / MINUTE, top));
    return [{ occurrence, top, bottom, column: 0, columns: 1, spread: 1, before: from < day, after: to > day + DAY }];
  });
  return columned(pieces.sort((a, b) => a.top - b.top || b.bottom - a.bottom || a.occurrence.key.localeCompare(b.occurrence.key)));
}

function low(piece: Piece): number {
  return Math.max(piece.bottom, piece.top + LEAST);
}

/** Puts those that overlap side by side; each spreads over the free columns to its right. */
function columned(pieces: Piece[]): Piece[] {
  let group: Piece[] = [];
  let end = -1;
  const close = () => {
    const columns = Math.max(0, ...group.map((piece) => piece.column)) + 1;
    for (const piece of group) {
      piece.columns = columns;
      const blocked = group.filter((other) => other.column > piece.column && other.top < low(piece) && piece.top < low(other)).map((other) => other.column);
      piece.spread = Math.min(columns, ...blocked) - piece.column;
    }
    group = [];
  };
  for (const piece of pieces) {
    if (group.length && piece.top >= end) close();
    const taken = new Set(group.filter((other) => low(other) > piece.top).map((other) => other.column));
    while (taken.has(piece.column)) piece.column++;
    end = group.length ? Math.max(end, low(piece)) : low(piece);
    group.push(piece);
  }
  close();
  return pieces;
}

/** The bars that stand in so many lanes, and how many more each of the days has: where there are too many, the last lane is left to say so. */
export function fitted(bars: Bar[], days: number, most: number): { shown: Bar[]; hidden: number[] } {
  const all = Array.from({ length: days }, (_none, day) => bars.filter((bar) => bar.first <= day && bar.last > day));
  const full = all.map((of) => of.some((bar) => bar.lane >= most));
  const shown = new Set(bars.filter((bar) => bar.lane < (full.slice(bar.first, bar.last).some(Boolean) ? most - 1 : most)));
  return { shown: [...shown], hidden: all.map((of) => of.filter((bar) => !shown.has(bar)).length) };
}

/** What lasts days, in lanes over `count` days from `first` (a midnight on the wall). With `all`, what is short too, as months show it. */
export function barsOf(occurrences: Occurrence[], first: number, count: number, zone: string, all = false): Bar[] {
  const end = first + count * DAY;
  const bars = occurrences.filter((one) => all || isLong(one)).flatMap((occurrence) => {
    const { from, to } = wallsOf(occurrence, zone);
    const over = Math.max(to, from + 1);
    if (from >= end || over <= first) return [];
    const start = Math.max(0, Math.round((startOfDay(from) - first) / DAY));
    const last = Math.min(count, Math.round((startOfDay(over - 1) - first) / DAY) + 1);
    return [{ occurrence, first: start, last, lane: 0, before: from < first, after: over > end }];
  });
  bars.sort((a, b) => a.first - b.first || Number(isLong(b.occurrence)) - Number(isLong(a.occurrence)) || b.last - a.last || a.occurrence.from - b.occurrence.from || a.occurrence.key.localeCompare(b.occurrence.key));
  const lanes: number[] = [];
  for (const bar of bars) {
    while ((lanes[bar.lane] ?? 0) > bar.first) bar.lane++;
    lanes[bar.lane] = bar.last;
  }
  return bars;
}
