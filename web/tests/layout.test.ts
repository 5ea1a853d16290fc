// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { barsOf, fitted, piecesOf } from '../src/calendar/layout';
import { occurrencesOf } from '../src/calendar/occurrence';

const ZONE = 'Etc/UTC';
const DAY = Date.UTC(2026, 11, 8);

function at(title: string, start: string, duration: string, wholeDay = false) {
  return occurrencesOf('A', { id: title, calendarIds: { c: true }, title, start: `2026-12-${start}`, duration, showWithoutTime: wholeDay, timeZone: wholeDay ? null : ZONE }, DAY - 9e8, DAY + 9e8, ZONE)[0]!;
}

describe('the columns of a day', () => {
  const place = (...events: ReturnType<typeof at>[]) => piecesOf(events, DAY, ZONE).map(({ occurrence, column, columns, spread }) => `${occurrence.title} ${column}+${spread}/${columns}`);

  it('stand side by side only where they overlap', () => {
    expect(place(at('a', '08T09:00:00', 'PT1H'), at('b', '08T09:30:00', 'PT1H'), at('c', '08T11:00:00', 'PT1H'))).toEqual(['a 0+1/2', 'b 1+1/2', 'c 0+1/1']);
  });
  it('use again a column that is free, and spread over free ones', () => {
    expect(place(at('a', '08T09:00:00', 'PT3H'), at('b', '08T09:00:00', 'PT1H'), at('c', '08T09:30:00', 'PT30M'), at('d', '08T10:30:00', 'PT1H'))).toEqual(['a 0+1/3', 'b 1+1/3', 'c 2+1/3', 'd 1+2/3']);
  });
  it('have room for short ones', () => {
    expect(place(at('a', '08T09:00:00', 'PT5M'), at('b', '08T09:10:00', 'PT5M'))).toEqual(['a 0+1/2', 'b 1+1/2']);
  });
  it('cut what goes over midnight into a piece a day', () => {
    const night = at('n', '08T22:00:00', 'PT5H');
    const cut = (day: number) => piecesOf([night], day, ZONE).map(({ top, bottom, before, after }) => [top, bottom, before, after]);
    expect([cut(DAY), cut(DAY + 86_400_000)]).toEqual([[[1320, 1440, false, true]], [[0, 180, true, false]]]);
    expect(cut(DAY + 2 * 86_400_000)).toEqual([]);
  });
});

describe('the lanes of whole days', () => {
  const place = (...events: ReturnType<typeof at>[]) => barsOf(events, DAY, 5, ZONE).map(({ occurrence, first, last, lane, before, after }) => `${occurrence.title} ${first}-${last} ${lane}${before ? ' <' : ''}${after ? ' >' : ''}`);

  it('hold what lasts days, each in the first that is free', () => {
    expect(place(at('a', '07T00:00:00', 'P3D', true), at('b', '09T00:00:00', 'P1D', true), at('c', '10T00:00:00', 'P9D', true), at('t', '09T10:00:00', 'PT1H'))).toEqual(['a 0-2 0 <', 'b 1-2 1', 'c 2-5 0 >']);
  });
  it('hold what lasts a day and a night', () => {
    expect(place(at('trip', '08T18:00:00', 'P1DT12H'))).toEqual(['trip 0-3 0']);
  });
  it('leave a lane to say how many more a day has, of that day alone', () => {
    const week = ['a', 'b', 'c'].map((title) => at(title, '08', 'P3D', true));
    const bars = barsOf([...week, at('d', '10', 'P2D', true), at('e', '12', 'P1D', true)], DAY, 5, ZONE);
    const titles = (most: number) => fitted(bars, 5, most).shown.map(({ occurrence }) => occurrence.title).join('');
    expect([titles(4), fitted(bars, 5, 4).hidden]).toEqual(['abcde', [0, 0, 0, 0, 0]]);
    expect([titles(3), fitted(bars, 5, 3).hidden]).toEqual(['abe', [1, 1, 2, 1, 0]]);
  });
});
