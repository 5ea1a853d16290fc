/**
 * What is typed in the search box: words, and operators such as `from:hélène has:file after:2026-10-01`. The
 * chips write the same operators, so the text is all there is to keep, share and go back to. Pure.
 */
import type { Language } from '../kernel/i18n.svelte';

export type Operator = 'from' | 'with' | 'has' | 'after' | 'before' | 'in' | 'account';

export interface Asked {
  words: string;
  from: string;
  with: string;
  file: boolean;
  /** Days as YYYY-MM-DD: `after` is the first day, `before` the first day that is too late. */
  after: string;
  before: string;
  in: string;
  /** Name of an account, or its beginning; empty for all. */
  account: string;
}

/** All are understood in every language; the first is the one that chips write. */
const SPELLINGS: Record<Language, Record<Operator, string[]>> = {
  en: { from: ['from'], with: ['with'], has: ['has'], after: ['after'], before: ['before'], in: ['in'], account: ['account'] },
  fr: { from: ['de'], with: ['avec'], has: ['contient'], after: ['après', 'apres'], before: ['avant'], in: ['dans'], account: ['compte'] },
  vi: { from: ['từ'], with: ['với'], has: ['có'], after: ['sau'], before: ['trước'], in: ['trong'], account: ['tàikhoản', 'taikhoan'] },
};
const FILE: Record<Language, string[]> = { en: ['file', 'attachment', 'files'], fr: ['fichier', 'pj', 'fichiers'], vi: ['tệp', 'tep'] };
const KNOWN = new Map(Object.values(SPELLINGS).flatMap((names) => Object.entries(names).flatMap(([operator, all]) => all.map((name) => [name, operator as Operator] as const))));
const FILES = new Set(Object.values(FILE).flat());
const TOKEN = /(?:^|(?<=\s))(?:(\p{L}+):("[^"]*"?|\S+)|(\S+))/gu;

export const NOTHING: Asked = { words: '', from: '', with: '', file: false, after: '', before: '', in: '', account: '' };

/** Takes a typed text apart; what is no operator, or one with a value that makes no sense, stays among the words. */
export function parse(text: string): Asked {
  const asked: Asked = { ...NOTHING };
  const words: string[] = [];
  for (const [whole, name, given] of text.normalize('NFC').matchAll(TOKEN)) {
    const operator = name ? KNOWN.get(name.toLocaleLowerCase()) : undefined;
    if (!operator || !take(asked, operator, (given ?? '').replace(/^"|"$/g, '').trim())) words.push(whole);
  }
  return { ...asked, words: words.join(' ') };
}

function take(asked: Asked, operator: Operator, value: string): boolean {
  if (!value) return false;
  if (operator === 'has') return FILES.has(value.toLocaleLowerCase()) && (asked.file = true);
  if (operator === 'after' || operator === 'before') {
    const day = dayOf(value);
    if (day) asked[operator] = day;
    return !!day;
  }
  asked[operator] = value;
  return true;
}

/** A day as people write it: 2026, 2026-11, 2026-11-22 or 22/11/2026. */
export function dayOf(value: string): string {
  const local = /^(\d{1,2})[/.](\d{1,2})[/.](\d{4})$/.exec(value);
  const [year, month = '1', day = '1'] = local ? [local[3]!, local[2], local[1]] : value.split('-');
  const text = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  const valid = /^\d{4}-\d\d-\d\d$/.test(text) && new Date(`${text}T00:00:00Z`).toJSON()?.slice(0, 10) === text;
  return valid ? text : '';
}

/** Writes it again, with the operators of a language. */
export function write(asked: Asked, language: Language): string {
  const names = SPELLINGS[language];
  const part = (operator: Operator, value: string) => (value ? `${names[operator][0]}:${/\s/.test(value) ? `"${value}"` : value}` : '');
  return [
    asked.words,
    part('from', asked.from),
    part('with', asked.with),
    asked.file ? part('has', FILE[language][0]!) : '',
    part('after', asked.after),
    part('before', asked.before),
    part('in', asked.in),
    part('account', asked.account),
  ].filter(Boolean).join(' ');
}

/** True when it asks for nothing at all. */
export function isEmpty(asked: Asked): boolean {
  return !asked.words && !limited(asked);
}

/** True when it has operators. */
export function limited({ from, with: person, file, after, before, in: box, account }: Asked): boolean {
  return !!(from || person || file || after || before || box || account);
}
