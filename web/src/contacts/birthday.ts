/** Birthdays as people write them: `30 mai 1980`, `30/05/80`, and `30 mai` where nobody knows the year. */
import { formatDay, parseLocal } from '../kernel/time/local';
import { parseDay } from '../kernel/time/typed';
import { wallFormat } from '../kernel/time/words';

/** A leap year, so that every day of a year is in it. */
const ANY_YEAR = 2000;

/** `1980-05-30` and `--05-30` as a field shows them. */
export function birthdayText(day: string): string {
  if (!day) return '';
  const year = day.startsWith('--') ? undefined : ('numeric' as const);
  return wallFormat({ day: 'numeric', month: 'long', year }).format(parseLocal(year ? day : `${ANY_YEAR}${day.slice(1)}`));
}

/** What was typed as `1980-05-30`, or `--05-30` without a year; '' for nothing, null for what is no birthday. `now` is the wall's time. */
export function parseBirthday(typed: string, now: number): string | null {
  const text = typed.trim();
  const numbers = text.match(/\d+/g) ?? [];
  const whole = numbers.some(({ length }) => length === 4);
  const given = whole || numbers.length === 3;
  if (!text || !numbers.length) return text ? null : '';
  const day = parseDay(given ? text : `${text} ${ANY_YEAR}`, now);
  if (!day) return null;
  if (!given) return `--${day.slice(5)}`;
  // Two digits are of the hundred years before today.
  const born = whole || day <= formatDay(now) ? day : `${Number(day.slice(0, 4)) - 100}${day.slice(4)}`;
  return born <= formatDay(now) ? born : null;
}
