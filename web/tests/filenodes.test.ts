// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { addressesOf, addressOf, badge, endOf, foldersOf, kindOf, nameFault, nextOrder, placeOf, sortOf, splitName, viewerOf } from '../src/files/model';

const file = (name: string, type: string | null = null, size = 10) => ({ nodeType: 'file' as const, name, type, size });

describe('names of files', () => {
  it('are parted before their ending; a name that begins with its dot has none', () => {
    expect(['budget.ods', 'archive.tar.gz', '.profile', 'Notes', 'v1.2 final'].map(splitName)).toEqual([['budget', '.ods'], ['archive', '.tar.gz'], ['.profile', ''], ['Notes', ''], ['v1.2 final', '']]);
  });
  it('give a badge of at most four letters', () => {
    expect(['a.pdf', 'a.tar.gz', 'a.markdown', 'a'].map(badge)).toEqual(['pdf', 'gz', '', '']);
  });
  it('are refused when they cannot be kept, or are taken', () => {
    expect([' ', 'a/b', '..', 'a\u0007', 'é'.repeat(128), 'Plan'].map((name) => nameFault(name, ['Plan']))).toEqual(['empty', 'slash', 'dots', 'slash', 'long', 'taken']);
    expect(nameFault('Thế\u0323 giới', ['Plan'])).toBeNull();
    expect(nameFault('re\u0301union', ['réunion'])).toBe('taken');
  });
});

describe('kinds of files', () => {
  it('come from the media type, else from the ending', () => {
    expect(kindOf(file('x', 'image/png'))).toBe('image');
    expect(kindOf(file('Budget.XLSX', 'application/octet-stream'))).toBe('sheet');
    expect(kindOf(file('a.py', 'text/x-python'))).toBe('code');
    expect(kindOf({ ...file('a.pdf'), nodeType: 'directory' })).toBe('folder');
  });
  it('are shown where nothing of them runs, and text only while it is short', () => {
    expect(viewerOf(file('a.pdf', 'application/pdf'))).toBe('pdf');
    expect(viewerOf(file('a.html', 'text/html'))).toBe('text');
    expect(viewerOf(file('a.csv', 'text/csv', 3_000_000))).toBeNull();
    expect(viewerOf(file('a.tiff', 'image/tiff'))).toBeNull();
    expect(viewerOf(file('a.docx'))).toBeNull();
    expect([file('a.eml'), file('a', 'message/rfc822'), file('a.mbox')].map(viewerOf)).toEqual(['mail', 'mail', 'text']);
  });
});

describe('places', () => {
  it('have addresses that lead back to them', () => {
    for (const place of [
      { kind: 'folder', account: 'a1', id: null }, { kind: 'folder', account: 'a1', id: 'n5' }, { kind: 'folder', account: 'a2', id: null },
      { kind: 'folder', account: 'a2', id: 'n7' }, { kind: 'recent', account: 'a1', id: null }, { kind: 'trash', account: 'a1', id: null },
      { kind: 'favourites', account: 'a2', id: null }, { kind: 'trash', account: 'a2', id: null },
      { kind: 'tag', account: 'a1', id: 'à relire' }, { kind: 'tag', account: 'a2', id: 'a~b' },
    ] as const) expect(placeOf(addressOf(place, 'a1'), 'a1')).toEqual(place);
  });
  it('are the top when the address names none', () => {
    expect(placeOf(['files', 'nowhere'], 'a1')).toEqual({ kind: 'folder', account: 'a1', id: null });
  });
});

it('folders that come with files are made from the outside in', () => {
  expect(foldersOf(['p/2026/a.jpg', 'p/b.jpg', 'c.txt', 'q/r/s/d'])).toEqual(['p', 'q', 'p/2026', 'q/r', 'q/r/s']);
});

it('columns sort with folders first and turn round when pressed again', () => {
  expect(sortOf({ by: 'size', ascending: false })).toEqual([{ property: 'nodeType', isAscending: true }, { property: 'size', isAscending: false }, { property: 'name', isAscending: true }]);
  const byName = { by: 'name', ascending: true } as const;
  expect(nextOrder(byName, 'name')).toEqual({ by: 'name', ascending: false });
  expect(nextOrder(byName, 'modified')).toEqual({ by: 'modified', ascending: false });
});

describe('what is given to people outside', () => {
  it('goes to addresses however they are typed, each once', () => {
    expect(addressesOf('Ann B. <ann@x.example>, bob@y.example;\n ann@x.example cara@z.example')).toEqual([['ann@x.example', 'bob@y.example', 'cara@z.example'], []]);
    expect(addressesOf('ann@x, @y.example, <d e@f.example> z')).toEqual([['e@f.example'], ['ann@x', '@y.example', 'd', 'z']]);
    expect(addressesOf('  ')).toEqual([[], []]);
  });
  it('ends with its time or its uses', () => {
    const link = { expires: '2027-01-01T00:00:00Z', maxUses: 2, uses: 1 };
    const before = Date.parse('2026-12-31T00:00:00Z');
    expect([endOf(link, before), endOf({ ...link, uses: 2 }, before), endOf(link, before + 86_400_000), endOf({ expires: null, maxUses: 0, uses: 9 }, before)]).toEqual([null, 'used', 'over', null]);
  });
});
