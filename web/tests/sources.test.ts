// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { nameOf, sourcesOf, unquoted } from '../src/assistant/sources';
import type { Citation } from '../src/assistant/types';

const cite = (number: number, objectId: string, fileName = '', accountId = 'a'): Citation => ({
  number, passageId: `p${number}`, accountId, scopeId: 's', kind: 'Email', objectId, part: fileName ? '2' : 'body', start: 0, end: 1,
  quote: 'x', title: 'Subject', author: 'Ann', time: '2026-11-24T00:00:00Z', origin: 'own', place: {}, fileName,
});

describe('sources', () => {
  it('are one a message, in the order of their first numbers, with all passages', () => {
    const found = sourcesOf([cite(1, 'm1'), cite(2, 'm2'), cite(3, 'm1'), cite(4, 'm1', '', 'b')]);
    expect(found.map((source) => source.passages.map((passage) => passage.number))).toEqual([[1, 3], [2], [4]]);
  });
  it('are shown without addresses and signs of quotation', () => {
    expect([nameOf('"Ann B" <a@b.c>'), nameOf('a@b.c'), nameOf('<a@b.c>')]).toEqual(['Ann B', 'a@b.c', '<a@b.c>']);
    expect(unquoted('> > One\n>two > three')).toBe('One\ntwo > three');
  });
  it('bear the name of a file when every passage is from it', () => {
    expect(sourcesOf([cite(1, 'm', 'a.pdf'), cite(2, 'm', 'a.pdf')])[0]!.fileName).toBe('a.pdf');
    expect(sourcesOf([cite(1, 'm', 'a.pdf'), cite(2, 'm')])[0]!.fileName).toBe('');
    expect(sourcesOf([cite(1, 'm', 'a.pdf'), cite(2, 'm', 'b.pdf')])[0]!.fileName).toBe('');
  });
});
