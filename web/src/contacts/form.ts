/** A card as a form, and what was changed in it as a patch that leaves everything else of the card as it was. Pure. */
import type { Patch } from '../kernel/patch';
import { birthday, jsName, nameParts, useOf, type NameOrder, type PersonName } from './model';
import type { AddressField, Card } from './types';

export type Use = 'work' | 'private' | 'mobile' | 'fax' | 'other';

/** A line of a field of which there may be several. `key` names it in the card; '' for a new one. */
export interface Line {
  key: string;
  value: string;
  use: Use;
}
export interface AddressLine extends Omit<Line, 'value'> {
  street: string;
  postcode: string;
  locality: string;
  region: string;
  country: string;
}
export interface Form {
  name: PersonName;
  nickname: string;
  organization: string;
  title: string;
  emails: Line[];
  phones: Line[];
  addresses: AddressLine[];
  links: Line[];
  /** `2001-05-30`, or `--05-30` without a year. */
  birthday: string;
  note: string;
}

const STREET = ['number', 'name', 'block', 'building', 'floor', 'apartment', 'room', 'postOfficeBox'];

function partOf({ components }: AddressField, kinds: string[]): string {
  return (components ?? []).filter(({ kind }) => kinds.includes(kind)).map(({ value }) => value).join(' ');
}

function lines<T extends object>(fields: Record<string, T> | null | undefined, value: (field: T) => string): Line[] {
  return Object.entries(fields ?? {}).map(([key, field]) => ({ key, value: value(field), use: useOf(field).kind }));
}

export function formOf(card: Card | null, order: NameOrder): Form {
  const [first] = Object.values(card?.nicknames ?? {});
  const [place] = Object.values(card?.organizations ?? {});
  const [title] = Object.values(card?.titles ?? {});
  const [note] = Object.values(card?.notes ?? {});
  return {
    name: card ? nameParts(card, order) : { prefix: '', given: '', middle: '', surname: '', suffix: '' },
    nickname: first?.name ?? '',
    organization: place?.name ?? '',
    title: title?.name ?? '',
    emails: lines(card?.emails, ({ address }) => address),
    phones: lines(card?.phones, ({ number }) => number),
    addresses: Object.entries(card?.addresses ?? {}).map(([key, field]) => ({
      key,
      use: useOf(field).kind,
      street: partOf(field, STREET) || (field.components?.length ? '' : (field.full ?? '')),
      postcode: partOf(field, ['postcode']),
      locality: partOf(field, ['locality']),
      region: partOf(field, ['region']),
      country: partOf(field, ['country']),
    })),
    links: lines(card?.links, ({ uri }) => uri),
    birthday: card ? dateText(card) : '',
    note: note?.note ?? '',
  };
}

function dateText(card: Card): string {
  const date = birthday(card)?.[1].date;
  if (!date) return '';
  if (date.utc) return date.utc.slice(0, 10);
  const two = (number = 0) => String(number).padStart(2, '0');
  return date.month && date.day ? `${date.year ? String(date.year).padStart(4, '0') : '-'}-${two(date.month)}-${two(date.day)}` : '';
}

/** The contexts, and of phones the features, that a use stands for; what else was there stays. */
function usage(use: Use, before: { contexts?: Record<string, true> | null; features?: Record<string, true> | null } = {}): Patch {
  const { work: _work, private: _private, ...contexts } = before.contexts ?? {};
  const { mobile: _mobile, fax: _fax, ...features } = before.features ?? {};
  const given = use === 'work' || use === 'private' ? { ...contexts, [use]: true } : contexts;
  const able = use === 'mobile' || use === 'fax' ? { ...features, [use]: true } : features;
  return { contexts: Object.keys(given).length ? given : null, ...(before.features || Object.keys(able).length ? { features: Object.keys(able).length ? able : null } : {}) };
}

/** Ids for new members: short, and none that is there. */
function fresh(taken: Set<string>): string {
  for (let n = 1; ; n++) {
    if (taken.has(`n${n}`)) continue;
    taken.add(`n${n}`);
    return `n${n}`;
  }
}

interface Member {
  key: string;
  /** The whole member when it is new. */
  whole: Record<string, unknown>;
  /** What is different from what the card has. */
  changes: Patch;
}

/** The patch of one property that is a map of members: single members where the map is there, else the whole map. */
function mapPatch(property: string, before: Record<string, unknown> | null | undefined, members: Member[]): Patch {
  const keys = new Set(Object.keys(before ?? {}));
  const kept = new Set(members.map(({ key }) => key).filter(Boolean));
  const gone = [...keys].filter((key) => !kept.has(key));
  const added = members.filter(({ key }) => !key);
  if (!keys.size) return added.length ? { [property]: Object.fromEntries(added.map(({ whole }) => [fresh(keys), whole])) } : {};
  if (gone.length === keys.size && !added.length) return { [property]: null };
  const patch: Patch = {};
  for (const key of gone) patch[`${property}/${key}`] = null;
  for (const { key, changes } of members) if (key) for (const [name, value] of Object.entries(changes)) patch[`${property}/${key}/${name}`] = value;
  for (const { whole } of added) patch[`${property}/${fresh(keys)}`] = whole;
  return patch;
}

function without(object: Patch): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
}

function linePatch<T extends object>(property: string, before: Record<string, T> | null | undefined, old: Line[], now: Line[], name: string): Patch {
  const members = now.filter(({ value }) => value.trim()).map(({ key, value, use }): Member => {
    const was = old.find((line) => line.key === key);
    const field = key ? before?.[key] : undefined;
    const use_ = was && was.use === use ? {} : usage(use, field);
    return { key, whole: { [name]: value.trim(), ...without(usage(use)) }, changes: { ...(was?.value === value.trim() ? {} : { [name]: value.trim() }), ...use_ } };
  });
  return mapPatch(property, before, members);
}

function single(property: string, before: Record<string, object> | null | undefined, old: string, now: string, name: string, more: object = {}): Patch {
  if (old === now.trim()) return {};
  const [key] = Object.keys(before ?? {});
  if (!key) return now.trim() ? { [property]: { n1: { [name]: now.trim(), ...more } } } : {};
  if (now.trim()) return { [`${property}/${key}/${name}`]: now.trim() };
  return Object.keys(before!).length > 1 ? { [`${property}/${key}`]: null } : { [property]: null };
}

function addressPatch(card: Card | null, old: AddressLine[], now: AddressLine[]): Patch {
  const filled = now.filter((line) => [line.street, line.postcode, line.locality, line.region, line.country].some((part) => part.trim()));
  const members = filled.map((line): Member => {
    const was = old.find(({ key }) => key === line.key);
    const field = line.key ? card?.addresses?.[line.key] : undefined;
    const same = was && (['street', 'postcode', 'locality', 'region', 'country'] as const).every((part) => was[part] === line[part]);
    const components = [['name', line.street], ['locality', line.locality], ['region', line.region], ['postcode', line.postcode], ['country', line.country]]
      .filter(([, value]) => value!.trim()).map(([kind, value]) => ({ kind, value: value!.trim() }));
    // Parts that the form does not show stay, and a street that was not touched keeps its own parts.
    const others = (field?.components ?? []).filter(({ kind }) => ![...STREET, 'locality', 'region', 'postcode', 'country', 'separator'].includes(kind));
    const street = was?.street === line.street && field?.components ? field.components.filter(({ kind }) => STREET.includes(kind)) : components.filter(({ kind }) => kind === 'name');
    const made = [...street, ...others, ...components.filter(({ kind }) => kind !== 'name')];
    const use = was && was.use === line.use ? {} : usage(line.use, field);
    return { key: line.key, whole: { components: made, ...without(usage(line.use)) }, changes: { ...(same ? {} : { components: made, ...(field?.full ? { full: null } : {}) }), ...use } };
  });
  return mapPatch('addresses', card?.addresses, members);
}

function birthdayPatch(card: Card | null, old: string, now: string): Patch {
  if (old === now) return {};
  const match = /^(\d{4}|-)-(\d{2})-(\d{2})$/.exec(now);
  const known = card && birthday(card);
  const all = card?.anniversaries ?? {};
  if (!match) return known ? (Object.keys(all).length > 1 ? { [`anniversaries/${known[0]}`]: null } : { anniversaries: null }) : {};
  const date = { '@type': 'PartialDate', ...(match[1] === '-' ? {} : { year: Number(match[1]) }), month: Number(match[2]), day: Number(match[3]) };
  if (known) return { [`anniversaries/${known[0]}/date`]: date };
  const keys = new Set(Object.keys(all));
  const made = { kind: 'birth', date };
  return keys.size ? { [`anniversaries/${fresh(keys)}`]: made } : { anniversaries: { n1: made } };
}

/** What changed between a card and its form, as a patch of the card; of no card, the properties of a new one. */
export function patchOf(form: Form, card: Card | null, order: NameOrder): Patch {
  const before = formOf(card, order);
  const renamed = JSON.stringify(before.name) !== JSON.stringify(form.name);
  return {
    ...(renamed ? { name: jsName(form.name, order) } : {}),
    ...single('nicknames', card?.nicknames, before.nickname, form.nickname, 'name'),
    ...single('organizations', card?.organizations, before.organization, form.organization, 'name'),
    ...single('titles', card?.titles, before.title, form.title, 'name', { kind: 'title' }),
    ...linePatch('emails', card?.emails, before.emails, form.emails, 'address'),
    ...linePatch('phones', card?.phones, before.phones, form.phones, 'number'),
    ...addressPatch(card, before.addresses, form.addresses),
    ...linePatch('links', card?.links, before.links, form.links, 'uri'),
    ...birthdayPatch(card, before.birthday, form.birthday),
    ...single('notes', card?.notes, before.note, form.note, 'note'),
  };
}
