// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { cut, excerpt, markedWords, personOf } from '../src/search/excerpt';
import { dayOf, isEmpty, NOTHING, parse, write } from '../src/search/operators';

describe('operators', () => {
  it('are told from words, in all three languages', () => {
    const asked = { ...NOTHING, words: 'budget prévisionnel', from: 'hélène', file: true, after: '2026-10-01' };
    expect(parse('budget from:hélène has:file after:2026-10-01 prévisionnel')).toEqual(asked);
    expect(parse('de:hélène budget prévisionnel contient:fichier après:1/10/2026')).toEqual(asked);
    expect(parse('từ:hélène có:tệp sau:2026-10 budget prévisionnel')).toEqual(asked);
  });
  it('take values with blanks in quotation marks, and give them back', () => {
    const asked = { ...NOTHING, words: 'tàu', in: 'Đã gửi', with: 'Trần Thị' };
    for (const language of ['en', 'fr', 'vi'] as const) expect(parse(write(asked, language))).toEqual(asked);
    expect(write(asked, 'fr')).toBe('tàu avec:"Trần Thị" dans:"Đã gửi"');
  });
  it('stay words when they make no sense', () => {
    expect(parse('https://example.org before:lunch has:teeth from:').words).toBe('https://example.org before:lunch has:teeth from:');
    expect(isEmpty(parse('   '))).toBe(true);
    expect(isEmpty(parse('has:file'))).toBe(false);
  });
  it('read days as people write them, and only days that exist', () => {
    expect([dayOf('2026'), dayOf('2026-2'), dayOf('22.11.2026'), dayOf('2026-02-30'), dayOf('soon')]).toEqual(['2026-01-01', '2026-02-01', '2026-11-22', '', '']);
  });
});

describe('excerpts', () => {
  const text = `${'x '.repeat(200)}le budget\n> de la délégation ${'y '.repeat(200)}`;
  const at = (word: string): [number, number] => [text.indexOf(word), text.indexOf(word) + word.length];
  it('stand around the marks, with blank space and signs of quotation taken out', () => {
    const runs = excerpt(text, [at('budget'), at('délégation')]);
    expect(runs.filter((run) => run.mark).map((run) => run.text)).toEqual(['budget', 'délégation']);
    const whole = runs.map((run) => run.text).join('');
    expect(whole).toContain('budget de la délégation');
    expect(whole.startsWith('… ')).toBe(true);
    expect(whole.length).toBeLessThan(300);
  });
  it('begin at the beginning when nothing is marked', () => {
    expect(excerpt('Bonjour', [])).toEqual([{ text: 'Bonjour', mark: false }]);
  });
  it('of a title are the whole of it, cut where the marks are', () => {
    expect(cut('Le budget <b>', [[3, 9]])).toEqual([{ text: 'Le ', mark: false }, { text: 'budget', mark: true }, { text: ' <b>', mark: false }]);
    expect(cut('budget', [[0, 6]])).toEqual([{ text: 'budget', mark: true }]);
  });
  it('give the marked words once', () => {
    expect(markedWords('a bb a', [[0, 1], [2, 4], [5, 6]])).toEqual(['bb', 'a']);
  });
  it('know the name and the address of an author', () => {
    expect(personOf('"Hélène M" <h@x.example>')).toEqual({ name: 'Hélène M', email: 'h@x.example' });
    expect(personOf('h@x.example')).toEqual({ name: 'h@x.example', email: 'h@x.example' });
  });
});
