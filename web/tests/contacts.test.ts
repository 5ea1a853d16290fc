// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { formOf, patchOf } from '../src/contacts/form';
import { addressLines, displayName, letterOf, nameParts, partialDate, safeLink, subline } from '../src/contacts/model';
import type { Card } from '../src/contacts/types';
import { applyPatch } from '../src/kernel/patch';

const card: Card = {
  id: 'c1', uid: 'urn:uuid:1', addressBookIds: { b: true },
  name: { full: 'Dr Claire Le Goff', components: [{ kind: 'title', value: 'Dr' }, { kind: 'given', value: 'Claire' }, { kind: 'surname', value: 'Le Goff' }], isOrdered: true },
  organizations: { o1: { name: 'Ville de Valmont', units: [{ name: 'International' }] } },
  titles: { t1: { name: 'Directrice', kind: 'title' } },
  emails: { e1: { address: 'claire@valmont.example', contexts: { work: true }, pref: 2 }, e2: { address: 'c@home.example', pref: 1 } },
  phones: { p1: { number: '+33 2 99 00 00 00', features: { voice: true, mobile: true } } },
  addresses: { a1: { components: [{ kind: 'number', value: '3' }, { kind: 'name', value: 'quai Vauban' }, { kind: 'district', value: 'Centre' }, { kind: 'locality', value: 'Valmont' }, { kind: 'postcode', value: '35000' }] } },
  anniversaries: { x: { kind: 'birth', date: { month: 5, day: 30 } } },
};

describe('names', () => {
  it('are read from what there is', () => {
    expect(displayName(card)).toBe('Dr Claire Le Goff');
    expect(displayName({ ...card, name: { components: [{ kind: 'surname', value: 'Nguyễn' }, { kind: 'given2', value: 'Thị' }, { kind: 'given', value: 'Lan' }], isOrdered: true } })).toBe('Nguyễn Thị Lan');
    expect(displayName({ ...card, name: { components: [{ kind: 'surname', value: 'Petit' }, { kind: 'given', value: 'Jean' }] } })).toBe('Jean Petit');
    expect(displayName({ ...card, name: null })).toBe('Ville de Valmont, International');
    expect(displayName({ id: 'x', uid: 'x', addressBookIds: {}, emails: { e: { address: 'a@b.example' } } })).toBe('a@b.example');
  });
  it('are parted by the order of the language when only the whole is known', () => {
    const whole = (full: string): Card => ({ id: 'x', uid: 'x', addressBookIds: {}, name: { full } });
    expect(nameParts(whole('Jean Marc Petit'), 'given')).toMatchObject({ given: 'Jean Marc', middle: '', surname: 'Petit' });
    expect(nameParts(whole('Nguyễn Thị Lan'), 'surname')).toMatchObject({ surname: 'Nguyễn', middle: 'Thị', given: 'Lan' });
    expect(nameParts(whole('Madonna'), 'surname')).toMatchObject({ surname: '', given: 'Madonna' });
  });
  it('stand under their letter without its accents', () => {
    expect(['Élodie', 'đoàn', '3M', '', 'Ünal'].map(letterOf)).toEqual(['E', 'D', '#', '#', 'U']);
  });
  it('have a line below them, and addresses lines of their own', () => {
    expect(subline(card)).toBe('Directrice, Ville de Valmont, International');
    expect(subline({ ...card, name: undefined, nicknames: undefined, titles: undefined, organizations: { o1: { name: 'Hôtel du Port' } } } as Card)).toBe('c@home.example');
    expect(addressLines(card.addresses!.a1!)).toEqual(['3 quai Vauban', 'Centre', '35000 Valmont']);
  });
});

describe('the form of a card', () => {
  const changed = (edit: (form: ReturnType<typeof formOf>) => void, of: Card | null = card, order: 'given' | 'surname' = 'given') => {
    const form = formOf(of, order);
    edit(form);
    return patchOf(form, of, order);
  };
  it('that was not touched changes nothing', () => {
    expect(changed(() => undefined)).toEqual({});
  });
  it('changes single members and leaves the rest as it was', () => {
    const patch = changed((form) => {
      form.emails[0]!.value = 'claire.legoff@valmont.example';
      form.emails.splice(1, 1);
      form.emails.push({ key: '', value: 'neu@valmont.example', use: 'private' });
      form.phones[0]!.use = 'work';
    });
    expect(patch).toEqual({ 'emails/e1/address': 'claire.legoff@valmont.example', 'emails/e2': null, 'emails/n1': { address: 'neu@valmont.example', contexts: { private: true } }, 'phones/p1/contexts': { work: true }, 'phones/p1/features': { voice: true } });
    const next = applyPatch(card, patch);
    expect(next.emails).toEqual({ e1: { address: 'claire.legoff@valmont.example', contexts: { work: true }, pref: 2 }, n1: { address: 'neu@valmont.example', contexts: { private: true } } });
  });
  it('keeps the parts of an address that it does not show', () => {
    const next = applyPatch(card, changed((form) => (form.addresses[0]!.locality = 'Saint-Valmont')));
    expect(next.addresses!.a1!.components).toEqual([{ kind: 'number', value: '3' }, { kind: 'name', value: 'quai Vauban' }, { kind: 'district', value: 'Centre' }, { kind: 'locality', value: 'Saint-Valmont' }, { kind: 'postcode', value: '35000' }]);
  });
  it('writes a name in the order it is spoken', () => {
    const patch = changed((form) => Object.assign(form.name, { surname: 'Trần', middle: 'Văn', given: 'Minh' }), null, 'surname');
    expect(patch).toEqual({ name: { full: 'Trần Văn Minh', components: [{ kind: 'surname', value: 'Trần' }, { kind: 'given2', value: 'Văn' }, { kind: 'given', value: 'Minh' }], isOrdered: true } });
  });
  it('knows a birthday without its year, and takes away what is emptied', () => {
    expect(formOf(card, 'given').birthday).toBe('--05-30');
    expect(changed((form) => (form.birthday = '1980-05-30'))).toEqual({ 'anniversaries/x/date': { '@type': 'PartialDate', year: 1980, month: 5, day: 30 } });
    expect(changed((form) => Object.assign(form, { birthday: '', title: '', organization: ' ' }))).toEqual({ anniversaries: null, titles: null, organizations: null });
    expect(partialDate({ month: 5, day: 30 }, 'fr')).toBe('30 mai');
  });
});

it('only addresses that a browser may open are links', () => {
  expect(['valmont.example', 'https://a.example/x', 'javascript:alert(1)', 'xmpp:a@b.example', ''].map(safeLink)).toEqual(['https://valmont.example/', 'https://a.example/x', null, 'xmpp:a@b.example', null]);
});
