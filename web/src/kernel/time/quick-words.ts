/**
 * The words by which people write when something is, in three languages; letters are folded (`quick.ts`), so that
 * accents may be left out. Each group is the source of a regular expression.
 */
import type { Language } from '../i18n.svelte';

export interface Words {
  /** Days from today. */
  days: [source: string, days: number][];
  /** From Monday. */
  weekdays: string[];
  months: string[];
  /** Before or after a weekday: that of the next week, or the next to come. */
  nextBefore: string;
  nextAfter: string;
  /** Whether a weekday with `next` is always one of the week after this one. */
  nextIsNextWeek: boolean;
  /** In front of a day, a time, a place; they vanish with it. */
  on: string;
  at: string;
  from: string;
  to: string;
  place: string;
  /** `{n}` stands for the number. */
  inDays: string;
  inWeeks: string;
  /** In front of a length of time. */
  lasting: string;
  hours: string;
  minutes: string;
  /** After an hour: half past, before noon, after noon. */
  half: string;
  morning: string;
  afternoon: string;
  noon: string;
  midnight: string;
  allDay: string;
  everyDay: string;
  everyWorkday: string;
  everyWeek: string;
  everyMonth: string;
  everyYear: string;
  /** Before a weekday: each of them. */
  every: string;
  /** Whether 3/4 is the third of April. */
  dayFirst: boolean;
}

export const WORDS: Record<Language, Words> = {
  fr: {
    days: [['apres[- ]demain', 2], ['demain', 1], ["aujourd['’]hui", 0], ['ce soir', 0], ['ce matin', 0]],
    weekdays: ['lundis?', 'mardis?', 'mercredis?', 'jeudis?', 'vendredis?', 'samedis?', 'dimanches?'],
    months: ['janv(?:ier|\\.)?', 'fev(?:rier|r\\.?|\\.)?', 'mars', 'avr(?:il|\\.)', 'mai', 'juin', 'juil(?:let|\\.)?', 'aout', 'sept(?:embre|\\.)?', 'oct(?:obre|\\.)?', 'nov(?:embre|\\.)?', 'dec(?:embre|\\.)?'],
    nextBefore: '(?!)',
    nextAfter: 'prochaine?|en huit',
    nextIsNextWeek: false,
    on: '(?:le|ce|du|pour le)',
    at: '(?:a|vers|des)',
    from: '(?:de|entre)',
    to: '(?:a|et|jusqu[’\']a)',
    place: '(?:a la|a l[’\']|au|aux|a|chez|salle)',
    inDays: 'dans {n} jours?',
    inWeeks: 'dans {n} semaines?',
    lasting: '(?:pendant|durant|pour|duree)',
    hours: '(?:h|heures?)',
    minutes: '(?:mn|min|minutes?)',
    half: 'et demie?',
    morning: 'du matin',
    afternoon: "(?:de l[’']apres[- ]midi|du soir)",
    noon: 'midi',
    midnight: 'minuit',
    allDay: 'toute la journee',
    everyDay: '(?:tous les jours|chaque jour)',
    everyWorkday: '(?:tous les jours ouvres|chaque jour ouvre|en semaine)',
    everyWeek: '(?:toutes les semaines|chaque semaine)',
    everyMonth: '(?:tous les mois|chaque mois)',
    everyYear: '(?:tous les ans|chaque annee)',
    every: '(?:tous les|chaque)',
    dayFirst: true,
  },
  vi: {
    days: [['ngay kia', 2], ['(?:ngay )?mai', 1], ['hom nay', 0], ['toi nay', 0], ['sang nay', 0], ['chieu nay', 0]],
    weekdays: ['(?:thu hai|thu 2|t2)', '(?:thu ba|thu 3|t3)', '(?:thu tu|thu 4|t4)', '(?:thu nam|thu 5|t5)', '(?:thu sau|thu 6|t6)', '(?:thu bay|thu 7|t7)', '(?:chu nhat|cn)'],
    months: Array.from({ length: 12 }, (_none, n) => ['(?:thang )?(?:gieng)', 'thang hai', 'thang ba', 'thang tu', 'thang nam', 'thang sau', 'thang bay', 'thang tam', 'thang chin', 'thang muoi(?! m| h)', 'thang muoi mot', 'thang (?:muoi hai|chap)'].map((name, at) => `(?:${name}|thang 0?${at + 1}(?!\\d))`)[n]!),
    nextBefore: '(?!)',
    nextAfter: '(?:tuan sau|tuan toi|toi)',
    nextIsNextWeek: true,
    on: '(?:vao ngay|vao|ngay)',
    at: '(?:luc|vao luc|khoang)',
    from: '(?:tu)',
    to: '(?:den|toi)',
    place: '(?:o|tai)',
    inDays: '{n} ngay nua',
    inWeeks: '{n} tuan nua',
    lasting: '(?:trong|keo dai)',
    hours: '(?:h|gio|tieng)',
    minutes: '(?:p|ph|phut)',
    half: 'ruoi',
    morning: 'sang',
    afternoon: '(?:chieu|toi)',
    noon: '(?:giua trua|12 gio trua)',
    midnight: 'nua dem',
    allDay: 'ca ngay',
    everyDay: '(?:hang ngay|moi ngay)',
    everyWorkday: '(?:moi ngay lam viec|cac ngay trong tuan)',
    everyWeek: '(?:hang tuan|moi tuan)',
    everyMonth: '(?:hang thang|moi thang)',
    everyYear: '(?:hang nam|moi nam)',
    every: '(?:moi|hang)',
    dayFirst: true,
  },
  en: {
    days: [['(?:the )?day after tomorrow', 2], ['tomorrow', 1], ['tmrw', 1], ['today', 0], ['tonight', 0]],
    weekdays: ['mon(?:days?)?', 'tue(?:s|sdays?)?', 'wed(?:nesdays?)?', 'thu(?:rs?|rsdays?)?', 'fri(?:days?)?', 'sat(?:urdays?)?', 'sun(?:days?)?'],
    months: ['jan(?:uary)?', 'feb(?:ruary)?', 'mar(?:ch)?', 'apr(?:il)?', 'may', 'june?', 'july?', 'aug(?:ust)?', 'sept?(?:ember)?', 'oct(?:ober)?', 'nov(?:ember)?', 'dec(?:ember)?'],
    nextBefore: 'next',
    nextAfter: '(?:next week)',
    nextIsNextWeek: true,
    on: '(?:on|this)',
    at: '(?:at|around|@)',
    from: '(?:from|between)',
    to: '(?:to|until|till|and)',
    place: '(?:at the|at|in the|in)',
    inDays: 'in {n} days?',
    inWeeks: 'in {n} weeks?',
    lasting: '(?:for|lasting)',
    hours: '(?:h|hrs?|hours?)',
    minutes: '(?:m|mins?|minutes?)',
    half: '(?!)',
    morning: '(?:am|a\\.m\\.|in the morning)',
    afternoon: '(?:pm|p\\.m\\.|in the afternoon|in the evening)',
    noon: 'noon',
    midnight: 'midnight',
    allDay: '(?:all day|whole day)',
    everyDay: '(?:every day|daily)',
    everyWorkday: '(?:every weekday|every workday|on weekdays)',
    everyWeek: '(?:every week|weekly)',
    everyMonth: '(?:every month|monthly)',
    everyYear: '(?:every year|yearly)',
    every: 'every',
    dayFirst: true,
  },
};
