// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { filterOf, folders, labelKeyword, labelName, mainFirst, plainSubject, rowOf, shortName, type Place } from '../src/mail/model';
import { blocks, runs } from '../src/mail/read/text';
import type { Email, Identity, Mailbox } from '../src/mail/types';
import { initials } from '../src/ui/names';

const box = (id: string, name: string, role: string | null = null, parentId: string | null = null) => ({ id, name, role, parentId, sortOrder: 0 }) as Mailbox;
const mail = (from: string, extra: Partial<Email> = {}) => ({ id: from, from: [{ name: from, email: `${from.split(' ')[0]}@x` }], to: [{ email: 'me@x' }], cc: null, keywords: { $seen: true }, mailboxIds: {}, hasAttachment: false, ...extra }) as Email;

describe('mail model', () => {
  it('lists roles first, then the tree by name', () => {
    const list = folders([box('3', 'Zèbre'), box('4', 'Été'), box('2', 'Sent', 'sent'), box('1', 'Inbox', 'inbox'), box('5', 'Août', null, '4')], 'fr');
    expect(list.map(({ mailbox, depth }) => `${mailbox.name}${depth}`)).toEqual(['Inbox0', 'Sent0', 'Été0', 'Août1', 'Zèbre0']);
  });
  it('keeps a mailbox whose parent one may not see', () => {
    expect(folders([box('5', 'Août', null, 'hidden')], 'fr')).toHaveLength(1);
  });
  it('offers the main identity first, in whatever order the device kept them', () => {
    const one = (name: string, email: string, mayDelete: boolean) => ({ id: name, name, email, mayDelete }) as Identity;
    const kept = [one('Accueil', 'a@x', true), one('Équipe', 'team@x', false), one('Service', 'me@x', true), one('Moi', 'me@x', false)];
    expect(mainFirst(kept, 'me@x').map(({ name }) => name)).toEqual(['Moi', 'Service', 'Équipe', 'Accueil']);
  });
  it('builds filters', () => {
    const place: Place = { account: 'A', kind: 'mailbox', id: 'in' };
    expect(filterOf(place, 'all', ['me@x'], [])).toEqual({ inMailbox: 'in' });
    expect(filterOf(place, 'unread', ['me@x'], [])).toEqual({ operator: 'AND', conditions: [{ inMailbox: 'in' }, { notKeyword: '$seen' }] });
    expect(filterOf({ ...place, kind: 'starred' }, 'all', [], ['bin'])).toEqual({ operator: 'AND', conditions: [{ hasKeyword: '$flagged' }, { inMailboxOtherThan: ['bin'] }] });
  });
  it('names people as they are called', () => {
    expect(shortName({ name: 'Nguyễn Thị Lan', email: '' })).toBe('Lan');
    expect(shortName({ name: 'Jean-Marc Petit', email: '' })).toBe('Jean-Marc');
    expect(shortName({ email: 'a.b@c' })).toBe('a.b');
    expect(initials('Trần Văn Minh')).toBe('TM');
  });
  it('joins a conversation to a row', () => {
    const row = rowOf(mail('Anna B'), [mail('Anna B'), mail('me', { from: [{ email: 'me@x' }] }), mail('Karim H', { keywords: { $flagged: true } })], new Set(['me@x']), false, 'moi');
    expect(row).toMatchObject({ who: 'Anna, moi, Karim', count: 3, unread: true, starred: true });
    expect(rowOf(mail('Anna B'), [], new Set(['me@x']), false, 'moi').who).toBe('Anna B');
  });
  it('writes any label as a keyword and reads it back', () => {
    for (const name of ['Délégation Huế', 'À signer', 'budget-2027', 'A_b 100%', '会議']) {
      expect(labelKeyword(name)).toMatch(/^label:[a-z0-9_-]+$/);
      expect(labelName(labelKeyword(name))).toBe(name);
    }
  });
  it('strips prefixes of subjects', () => {
    expect(plainSubject('Re: RE: Fwd: [x] Budget')).toBe('[x] Budget');
    expect(plainSubject('Réunion de demain')).toBe('Réunion de demain');
  });
});

describe('plain text', () => {
  it('finds links without the stop behind them', () => {
    expect(runs('See https://a.example/x?y=1. Or b@c.example!').filter((run) => run.href).map((run) => run.href)).toEqual(['https://a.example/x?y=1', 'mailto:b@c.example']);
  });
  it('folds quotes with their introduction, and keeps what is written below', () => {
    const kinds = blocks('Bonjour\n\nLe 3 mai, Anna a écrit :\n> un\n>\n> deux\n\nMerci\n-- \nClaire').map((block) => block.kind);
    expect(kinds).toEqual(['text', 'quote', 'text', 'signature']);
  });
  it('tells a signature by the line before it, in all its forms, and a rule between long parts from it', () => {
    const kinds = (text: string) => blocks(text).map((block) => block.kind);
    for (const line of ['-- ', '--', '—', '____________']) expect(kinds(`Bonjour\n${line}\nClaire\nMairie`)).toEqual(['text', 'signature']);
    expect(kinds(`One\n--\n${'Two '.repeat(300)}`)).toEqual(['text']);
    expect(kinds(`One\n-- \n${'Two '.repeat(300)}`)).toEqual(['text', 'signature']);
    expect(kinds('Yes\n-- \nClaire\n\nAnna wrote:\n> x')).toEqual(['text', 'signature', 'quote']);
  });
});
