// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { formatLocal, HOUR, MINUTE, parseLocal } from '../src/kernel/time/local';
import { quick } from '../src/kernel/time/quick';

/** A Tuesday. */
const NOW = parseLocal('2026-12-08T10:10:00');

function read(text: string, language: 'fr' | 'vi' | 'en') {
  const { title, start, length, wholeDay, place, rule } = quick(text, NOW, language);
  return [title, wholeDay ? formatLocal(start).slice(0, 10) : formatLocal(start).slice(0, 16), wholeDay ? 'days' : length / MINUTE, place, ...(rule ? [rule.byDay ? `${rule.frequency} ${rule.byDay.map(({ day }) => day).join()}` : rule.frequency] : [])];
}

describe('an event in words', () => {
  it('French', () => {
    expect(read('déjeuner avec Linh demain 12h30 au Café', 'fr')).toEqual(['déjeuner avec Linh', '2026-12-09T12:30', 60, 'Café']);
    expect(read('Comité de direction jeudi de 9h à 10h30', 'fr')).toEqual(['Comité de direction', '2026-12-10T09:00', 90, '']);
    expect(read('Point équipe tous les lundis à 9h', 'fr')).toEqual(['Point équipe', '2026-12-14T09:00', 60, '', 'weekly mo']);
    expect(read('Vernissage le 12 décembre à 18h30 aux Champs Libres', 'fr')).toEqual(['Vernissage', '2026-12-12T18:30', 60, 'Champs Libres']);
    expect(read('appeler Karim à 9 heures', 'fr')).toEqual(['appeler Karim', '2026-12-09T09:00', 60, '']);
    expect(read('Congés après-demain toute la journée', 'fr')).toEqual(['Congés', '2026-12-10', 'days', '']);
    expect(read('Dossier à préparer vendredi 14h pendant 1h30', 'fr')).toEqual(['Dossier à préparer', '2026-12-11T14:00', 90, '']);
    expect(read('midi avec Sophie mardi prochain', 'fr')).toEqual(['avec Sophie', '2026-12-15T12:00', 60, '']);
    expect(read('anniversaire de Léa 3/2', 'fr')).toEqual(['anniversaire de Léa', '2027-02-03', 'days', '']);
    expect(read('réunion 14h-15h', 'fr')).toEqual(['réunion', '2026-12-08T14:00', 60, '']);
  });
  it('Vietnamese, with and without its signs', () => {
    expect(read('họp nhóm thứ sáu 14h-15h', 'vi')).toEqual(['họp nhóm', '2026-12-11T14:00', 60, '']);
    expect(read('hop nhom thu sau 14h-15h', 'vi')).toEqual(['hop nhom', '2026-12-11T14:00', 60, '']);
    expect(read('Ăn trưa với Lan ngày mai lúc 12 giờ tại Nhà hàng Huế', 'vi')).toEqual(['Ăn trưa với Lan', '2026-12-09T12:00', 60, 'Nhà hàng Huế']);
    expect(read('gặp khách 3 giờ chiều thứ ba tuần sau trong 45 phút', 'vi')).toEqual(['gặp khách', '2026-12-15T15:00', 45, '']);
    expect(read('giao ban mỗi thứ hai 8 giờ rưỡi sáng', 'vi')).toEqual(['giao ban', '2026-12-14T08:30', 60, '', 'weekly mo']);
    expect(read('Hội thảo ngày 20 tháng 12 từ 9h đến 11h30', 'vi')).toEqual(['Hội thảo', '2026-12-20T09:00', 150, '']);
    expect(read('nghỉ phép ngày kia cả ngày', 'vi')).toEqual(['nghỉ phép', '2026-12-10', 'days', '']);
  });
  it('English', () => {
    expect(read('lunch with Ana next Tue at 1pm for 45 min', 'en')).toEqual(['lunch with Ana', '2026-12-15T13:00', 45, '']);
    expect(read('Stand-up every weekday 9:30', 'en')).toEqual(['Stand-up', '2026-12-09T09:30', 60, '', 'weekly mo,tu,we,th,fr']);
    expect(read('Board meeting Dec 12th from 2 to 3:30pm in Room 204', 'en')).toEqual(['Board meeting', '2026-12-12T14:00', 90, 'Room 204']);
    expect(read('dentist 2026-12-24 noon', 'en')).toEqual(['dentist', '2026-12-24T12:00', 60, '']);
    expect(read('call Bob tomorrow at 4pm @ Zoom', 'en')).toEqual(['call Bob', '2026-12-09T16:00', 60, 'Zoom']);
    expect(read('trip in 2 weeks', 'en')).toEqual(['trip', '2026-12-22', 'days', '']);
  });
  it('is read in another language than that of the interface, and numbers that are no times stay', () => {
    expect(read('họp nhóm thứ sáu 14h-15h', 'fr')).toEqual(['họp nhóm', '2026-12-11T14:00', 60, '']);
    expect(read('Budget 2027, chapitre 3', 'fr')[0]).toBe('Budget 2027, chapitre 3');
    expect(read('relire les chapitres 2-3', 'fr')[0]).toBe('relire les chapitres 2-3');
    expect(quick('Projet 12', NOW, 'fr')).toMatchObject({ title: 'Projet 12', length: HOUR, wholeDay: false, start: parseLocal('2026-12-08T10:30:00') });
    expect(read('', 'en')[0]).toBe('');
  });
});
