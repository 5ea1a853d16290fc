/** Cards as pure functions: how people are named, sorted, grouped and reached. */
import { folded } from '../kernel/fold';
import type { AddressField, Anniversary, Card, MediaField, NamePart, PartialDate } from './types';

/** Which comes first in a full name: the given name, or, as in Vietnamese, the surname. */
export type NameOrder = 'given' | 'surname';

export interface PersonName {
  prefix: string;
  given: string;
  middle: string;
  surname: string;
  suffix: string;
}
const KINDS: Record<keyof PersonName, string> = { prefix: 'title', given: 'given', middle: 'given2', surname: 'surname', suffix: 'credential' };

/** The full name of the parts. */
export function fullName({ prefix, given, middle, surname, suffix }: PersonName, order: NameOrder): string {
  const middleParts = order === 'surname' ? [surname, middle, given] : [given, middle, surname];
  return [prefix, ...middleParts, suffix].map((part) => part.trim()).filter(Boolean).join(' ');
}

/** The parts of a card's name; of one that only has a full name, a guess by the order of the language. */
export function nameParts(card: Card, order: NameOrder): PersonName {
  const parts = card.name?.components ?? [];
  const of = (kind: string) => parts.filter((part) => part.kind === kind).map(({ value }) => value).join(' ');
  if (parts.length) return { prefix: of('title'), given: of('given'), middle: of('given2'), surname: [of('surname'), of('surname2')].filter(Boolean).join(' '), suffix: of('credential') };
  const words = (card.name?.full ?? '').split(/\s+/).filter(Boolean);
  const surname = words.length > 1 ? (order === 'surname' ? words.shift()! : words.pop()!) : '';
  const given = order === 'surname' && words.length > 1 ? words.pop()! : words.splice(0).join(' ');
  return { prefix: '', given, middle: words.join(' '), surname, suffix: '' };
}

/** A name of the parts as JSContact writes it, in the order it is spoken. RFC 9553 §2.2.1 */
export function jsName(name: PersonName, order: NameOrder): NonNullable<Card['name']> {
  const keys: (keyof PersonName)[] = order === 'surname' ? ['prefix', 'surname', 'middle', 'given', 'suffix'] : ['prefix', 'given', 'middle', 'surname', 'suffix'];
  const components: NamePart[] = keys.filter((key) => name[key].trim()).map((key) => ({ kind: KINDS[key], value: name[key].trim() }));
  return { full: fullName(name, order), components, isOrdered: true };
}

function values<T>(fields: Record<string, T> | null | undefined): T[] {
  return Object.values(fields ?? {});
}

/** What a card is called: its name, else its organisation, an address, a number. */
export function displayName(card: Card): string {
  const name = card.name;
  const written = name?.full?.trim();
  if (written) return written;
  const parts = name?.components ?? [];
  if (parts.length) {
    if (name?.isOrdered) return parts.filter(({ kind }) => kind !== 'separator').map(({ value }) => value).join(' ');
    return fullName(nameParts(card, 'given'), 'given');
  }
  return values(card.nicknames)[0]?.name || organization(card) || emailsOf(card)[0] || values(card.phones)[0]?.number || '';
}

export function organization(card: Card): string {
  const [first] = values(card.organizations);
  return [first?.name, ...(first?.units ?? []).map(({ name }) => name)].filter(Boolean).join(', ');
}

export function jobTitle(card: Card): string {
  return values(card.titles)[0]?.name ?? '';
}

/** What one reaches them by comes first: by `pref`, then as they stand. */
function preferred<T extends { pref?: number }>(fields: Record<string, T> | null | undefined): [string, T][] {
  return Object.entries(fields ?? {}).sort(([, a], [, b]) => (a.pref ?? 101) - (b.pref ?? 101));
}

export function emailsOf(card: Card): string[] {
  return preferred(card.emails).map(([, { address }]) => address).filter(Boolean);
}

/** What stands below the name in a list, and is not the name. */
export function subline(card: Card): string {
  return [jobTitle(card), organization(card)].filter((part) => part && part !== displayName(card)).join(', ') || emailsOf(card)[0] || values(card.phones)[0]?.number || '';
}

export function isGroup(card: Card): boolean {
  return card.kind === 'group';
}

/** The picture of a card, if it has one. */
export function photoOf(card: Card): MediaField | undefined {
  return values(card.media).find(({ kind }) => kind === 'photo') ?? values(card.media).find(({ kind }) => kind === 'logo');
}

/** The letter a name stands under in a list; `#` for what begins with none. */
export function letterOf(name: string): string {
  const first = folded(name.trim())[0] ?? '';
  return /\p{L}/u.test(first) ? first.toLocaleUpperCase() : '#';
}

/** The lines of a postal address as they are written on a letter. */
export function addressLines({ components, full, countryCode }: AddressField): string[] {
  if (full?.trim()) return full.trim().split(/\n|, (?=\p{L})/u);
  const of = (...kinds: string[]) => (components ?? []).filter(({ kind }) => kinds.includes(kind)).map(({ value }) => value).join(' ');
  const street = of('postOfficeBox', 'number', 'name', 'block', 'building', 'floor', 'apartment', 'room');
  return [street, of('subdistrict', 'district'), [of('postcode'), of('locality')].filter(Boolean).join(' '), of('region'), of('country') || (countryCode ?? '')].filter(Boolean);
}

/** A date of which the year, or the day, may not be known. */
export function partialDate({ year, month, day, utc }: PartialDate, region: string): string {
  if (utc) return new Intl.DateTimeFormat(region, { dateStyle: 'long' }).format(new Date(utc));
  if (!month) return year ? String(year) : '';
  const date = new Date(Date.UTC(year ?? 2000, month - 1, day ?? 1));
  return new Intl.DateTimeFormat(region, { timeZone: 'UTC', month: 'long', ...(day ? { day: 'numeric' } : {}), ...(year ? { year: 'numeric' } : {}) }).format(date);
}

export function birthday(card: Card): [string, Anniversary] | undefined {
  return Object.entries(card.anniversaries ?? {}).find(([, { kind }]) => kind === 'birth');
}

/** What a field is for: `work`, `private`, `mobile`, or the words people gave it. */
export function useOf(field: { contexts?: Record<string, true> | null; label?: string | null; features?: Record<string, true> | null }): { kind: 'work' | 'private' | 'mobile' | 'fax' | 'other'; label: string } {
  if (field.label) return { kind: 'other', label: field.label };
  const { contexts, features } = field;
  if (features?.fax) return { kind: 'fax', label: '' };
  if (features?.mobile) return { kind: 'mobile', label: '' };
  return { kind: contexts?.work ? 'work' : contexts?.private ? 'private' : 'other', label: '' };
}

/** An address one may open: what is no web address is not a link. */
export function safeLink(uri: string): string | null {
  try {
    const url = new URL(/^[a-z][a-z0-9+.-]*:/i.test(uri) ? uri : `https://${uri}`);
    return ['https:', 'http:', 'mailto:', 'tel:', 'sip:', 'xmpp:'].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
