import { afterEach, describe, expect, it, vi } from 'vitest';
import { birthdayText, parseBirthday } from '../src/contacts/birthday';
import { useMessages, type Language } from '../src/kernel/i18n.svelte';
import { formatDay, DAY } from '../src/kernel/time/local';
import { clockText, dayText, lengthText, parseClock, parseDay, parseLength } from '../src/kernel/time/typed';
import { weekdayLetters } from '../src/kernel/time/words';

const NOW = Date.UTC(2026, 10, 29, 15); // a Sunday
function speak(language: Language, region: string = language): void {
  vi.spyOn(navigator, 'languages', 'get').mockReturnValue([region]);
  useMessages(language, {});
}
afterEach(() => vi.restoreAllMocks());

describe('a day in a field', () => {
  it.each([['fr', 'fr-FR'], ['vi', 'vi-VN'], ['en', 'en-GB'], ['en', 'en-US']] as const)('reads what it shows, in %s as %s writes it', (language, region) => {
    speak(language, region);
    for (let at = Date.UTC(2026, 0, 1); at < Date.UTC(2027, 0, 1); at += DAY) {
      const day = formatDay(at);
      expect([dayText(day), parseDay(dayText(day), NOW)]).toEqual([dayText(day), day]);
    }
  });
  it('reads numbers in the order of the place, and finds the year', () => {
    speak('fr', 'fr-FR');
    expect(['3/12', '03.12.2027', '3-12-27', '3 12', '2027-02-01', '1/2'].map((text) => parseDay(text, NOW))).toEqual(['2026-12-03', '2027-12-03', '2027-12-03', '2026-12-03', '2027-02-01', '2027-02-01']);
    speak('en', 'en-US');
    expect(['3/12/2027', 'Dec 3', '3 December'].map((text) => parseDay(text, NOW))).toEqual(['2027-03-12', '2026-12-03', '2026-12-03']);
  });
  it('reads words', () => {
    speak('fr');
    expect(['demain', 'mardi', '1er mars 2027', '3 décembre', 'dans 2 semaines'].map((text) => parseDay(text, NOW))).toEqual(['2026-11-30', '2026-12-01', '2027-03-01', '2026-12-03', '2026-12-13']);
    speak('vi');
    expect(['mai', '3 tháng 12', 'ngày mai'].map((text) => parseDay(text, NOW))).toEqual(['2026-11-30', '2026-12-03', '2026-11-30']);
  });
  it('knows what is no day', () => {
    speak('fr');
    expect(['31/2', '32/1', 'bientôt', '12', '2026-13-01', 'mardi 15h', '9'.repeat(500)].map((text) => parseDay(text, NOW))).toEqual([null, null, null, null, null, null, null]);
    expect(parseDay('  ', NOW)).toBe('');
  });
});

describe('a time of day in a field', () => {
  it.each([['fr', 'fr-FR'], ['vi', 'vi-VN'], ['en', 'en-GB'], ['en', 'en-US']] as const)('reads what it shows, in %s as %s writes it', (language, region) => {
    speak(language, region);
    for (let minute = 0; minute < 1440; minute += 5) {
      const time = `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
      expect([clockText(time), parseClock(clockText(time))]).toEqual([clockText(time), time]);
    }
  });
  it('reads what people type', () => {
    speak('fr');
    expect(['9', '15h', '15h30', '1530', '9.05', '3 pm', '12am', '12 PM', 'midi', '8 giờ', '7 sáng', '24', '9:75', 'tantôt'].map(parseClock)).toEqual(['09:00', '15:00', '15:30', '15:30', '09:05', '15:00', '00:00', '12:00', '12:00', '08:00', '07:00', null, null, null]);
    expect(parseClock('')).toBe('');
  });
});

it('two letters tell the days of a week apart in each language', () => {
  for (const language of ['fr', 'vi', 'en'] as const) {
    speak(language);
    const letters = [0, 1, 2, 3, 4, 5, 6].map(weekdayLetters);
    expect([language, new Set(letters).size, letters.every((each) => each.length === 2)]).toEqual([language, 7, true]);
  }
});

describe('a birthday in a field', () => {
  it.each([['fr', 'fr-FR'], ['vi', 'vi-VN'], ['en', 'en-GB'], ['en', 'en-US']] as const)('reads what it shows, in %s as %s writes it', (language, region) => {
    speak(language, region);
    for (const day of ['1980-05-30', '--05-30', '--02-29', '--12-01', '2000-02-29', '']) expect([birthdayText(day), parseBirthday(birthdayText(day), NOW)]).toEqual([birthdayText(day), day]);
  });
  it('is read with and without a year, and has been', () => {
    speak('fr', 'fr-FR');
    expect(['30/5/1980', '30/05/80', '30/05/12', '30 mai', '29/02', '1er mars 1947'].map((text) => parseBirthday(text, NOW))).toEqual(['1980-05-30', '1980-05-30', '2012-05-30', '--05-30', '--02-29', '1947-03-01']);
    expect(['demain', '5', '31/2', '30/05/2030', 'bientôt 4'].map((text) => parseBirthday(text, NOW))).toEqual([null, null, null, null, null]);
  });
});

describe('a length in a field', () => {
  it.each(['fr', 'vi', 'en'] as const)('reads what it shows, in %s', (language) => {
    speak(language);
    for (const length of ['PT5M', 'PT45M', 'PT1H', 'PT1H30M', 'PT36H15M', 'P1D', 'P2D', 'P3DT4H', 'P1DT2H30M', '']) expect(parseLength(lengthText(length))).toBe(length);
  });
  it('reads it as people write it', () => {
    const told = { PT1H30M: ['1h30', '1 h 30', '1:30', '1,5', '1.5 h', '90', '90 min', '1h 30 min', '1 h et demie', '1 giờ rưỡi', '1 giờ 30 phút', '1 tiếng 30'], PT2H: ['2', '2h', '2 hours', '120m'], PT20M: ['20', '20 phút', '20mn'], P2D: ['2 j', '2 jours', '2 ngày', '2 days'], P1DT4H: ['1j 4h', '1 d 4 h'], '': ['', ' ', '0', '0 min'] };
    for (const [length, all] of Object.entries(told)) expect(all.map((typed) => [typed, parseLength(typed)])).toEqual(all.map((typed) => [typed, length]));
  });
  it('says what is none', () => {
    expect(['demain', '1h30h', '-2', '1 h 2 x', 'h'].map(parseLength)).toEqual([null, null, null, null, null]);
  });
});
