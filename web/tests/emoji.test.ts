// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { GROUPS, named, QUICK } from '../src/chat/emoji';

const found = (typed: string) => named(typed).flatMap(({ signs }) => signs.map(({ sign }) => sign));

describe('signs', () => {
  it('are found by their names in three languages, accents or not, from the beginning of words', () => {
    for (const typed of ['party', 'fete', 'fête', 'tiec', 'tiệc mừng']) expect(found(typed), typed).toContain('🎉');
    expect(found('cafe')).toEqual(['☕']);
    expect(found('amour')).toEqual(['😍']);
    expect(found('oeil')).toEqual([]);
    expect(found('clin d oeil')).toEqual([]);
    expect(found('œil')).toEqual(['😉']);
    expect(found('👀')).toEqual(['👀']);
    expect(found('zzz')).toEqual([]);
  });
  it('stand once each, all with a name, those of every day among them', () => {
    const all = GROUPS.flatMap(({ signs }) => signs);
    expect(new Set(all.map(({ sign }) => sign)).size).toBe(all.length);
    expect(all.every(({ sign, words }) => words.length > 2 && !/\p{L}/u.test(sign))).toBe(true);
    expect(QUICK.every((sign) => all.some((one) => one.sign === sign))).toBe(true);
    expect(found('')).toHaveLength(all.length);
  });
});
