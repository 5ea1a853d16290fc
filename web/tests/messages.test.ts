import { readFileSync, readdirSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import * as en from '../messages/en';
import * as fr from '../messages/fr';
import * as vi from '../messages/vi';
import { dateGroup, fileSize, shortDate, shortDay } from '../src/kernel/format';
import { t, useMessages } from '../src/kernel/i18n.svelte';
import { JmapError } from '../src/kernel/jmap';
import { reasonOf, whyOf } from '../src/kernel/reasons';

type Message = string | Record<string, string>;

/** All words of a language, those of the first load and those that come later. */
async function whole(pack: { default: object; later: Record<string, () => Promise<{ default: object }>> }): Promise<Record<string, Message>> {
  const parts = await Promise.all(Object.values(pack.later).map(async (load) => (await load()).default));
  return Object.assign({}, pack.default, ...parts) as Record<string, Message>;
}
const english = await whole(en);
const languages = { en: english, fr: await whole(fr), vi: await whole(vi) };

function holes(message: Message): string[] {
  const texts = typeof message === 'string' ? [message] : Object.values(message);
  return [...new Set(texts.flatMap((text) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!)))].sort();
}

describe('messages', () => {
  for (const [name, messages] of Object.entries(languages)) {
    it(`${name} has every key, and only those`, () => {
      expect(Object.keys(messages).sort()).toEqual(Object.keys(english).sort());
    });
    it(`${name} has the same holes as English`, () => {
      for (const [key, message] of Object.entries(messages)) expect([key, holes(message)]).toEqual([key, holes(english[key]!)]);
    });
    it(`${name} has the plural forms its language needs`, () => {
      const needed = new Intl.PluralRules(name).resolvedOptions().pluralCategories.filter((form) => form !== 'many');
      for (const [key, message] of Object.entries(messages)) {
        if (typeof message !== 'string') for (const form of needed) expect([key, Object.keys(message)]).toEqual([key, expect.arrayContaining([form])]);
      }
    });
    it(`${name} has no file that is not joined in`, () => {
      const files = readdirSync(`messages/${name}`).filter((file) => file.endsWith('.json'));
      const keys = files.flatMap((file) => Object.keys(JSON.parse(readFileSync(`messages/${name}/${file}`, 'utf8')) as object));
      expect(keys.sort()).toEqual(Object.keys(messages).sort());
    });
  }
});

it('French keeps its signs on the line of their word', () => {
  for (const [key, message] of Object.entries(languages.fr)) {
    for (const text of typeof message === 'string' ? [message] : Object.values(message)) expect([key, text]).toEqual([key, expect.not.stringMatching(/ [?!:;»%]|« /)]);
  }
});

it('says why something was not done in the language in use', () => {
  useMessages('fr', languages.fr);
  const refused = (code: string) => new JmapError(code, 'the sentence of the server');
  expect(t('ui.refused', { reason: reasonOf(refused('forbidden')) })).toContain('vous n’en avez pas le droit');
  expect(whyOf(refused('overQuota'), '–')).toBe('Il n’y a plus de place');
  expect(reasonOf(refused('tooManyRecipients'))).toBe('il y a trop de destinataires');
  expect(reasonOf(refused('invalidProperties'))).toBe('the sentence of the server');
  expect(whyOf(refused('offline'), 'plus tard')).toBe('plus tard');
});

describe('t', () => {
  beforeEach(() => useMessages('fr', languages.fr));

  it('fills holes and chooses plural forms', () => {
    expect(t('mail.position', { row: 1, count: 2 })).toBe('1 sur 2');
    expect(t('mail.chosen', { count: 1 })).toBe('1 sélectionné');
    expect(t('mail.chosen', { count: 0 })).toBe('0 sélectionné');
    expect(t('mail.chosen', { count: 5 })).toBe('5 sélectionnés');
  });
  it('names a single thing in a language without plurals', () => {
    useMessages('vi', languages.vi);
    expect(t('mail.moved', { count: 1, name: 'Lưu trữ' })).toBe('Đã chuyển đến Lưu trữ');
    expect(t('mail.moved', { count: 5, name: 'Lưu trữ' })).toBe('Đã chuyển 5 cuộc trao đổi đến Lưu trữ');
  });
  it('shows the key when there is no text, so that a gap is seen', () => {
    expect(t('no.such' as never)).toBe('no.such');
  });
  it('writes short dates with and without the time', () => {
    const now = new Date('2026-11-22T12:00:00');
    expect([shortDate('2026-11-20T09:05:00', now), shortDay('2026-11-20T09:05:00', now)]).toEqual(['ven. 09:05', 'ven.']);
    expect([shortDay('2026-11-22T09:05:00', now), shortDay('2026-10-02T09:05:00', now)]).toEqual(['09:05', '2 oct.']);
  });
  it('writes sizes and groups dates in the language in use', () => {
    expect(fileSize(240_000).replace(/\s/g, ' ')).toBe('240 ko');
    expect(fileSize(9).replace(/\s/g, ' ')).toBe('9 octets');
    const now = new Date('2026-11-22T12:00:00');
    expect(dateGroup('2026-11-22T08:00:00', now)).toBe('Aujourd’hui');
    expect(dateGroup('2026-11-21T23:59:00', now)).toBe('Hier');
    expect(dateGroup('2026-11-17T09:00:00', now)).toBe('Plus tôt cette semaine');
    expect(dateGroup('2026-11-10T09:00:00', now)).toBe('La semaine dernière');
    expect(dateGroup('2026-09-02T09:00:00', now)).toBe('Septembre');
    expect(dateGroup('2025-09-02T09:00:00', now)).toBe('Septembre 2025');
  });
});
