/** The kinds of records that contacts are made of: RFC 9610, with cards as JSContact (RFC 9553). */
import { defineType } from '../kernel/store.svelte';

export const CONTACTS = 'urn:ietf:params:jmap:contacts';

export interface BookRights {
  mayRead: boolean;
  mayWrite: boolean;
  mayShare: boolean;
  mayDelete: boolean;
}

/** RFC 9610 §2 */
export interface AddressBook {
  id: string;
  name: string;
  description: string | null;
  sortOrder: number;
  isDefault: boolean;
  isSubscribed: boolean;
  shareWith: Record<string, Partial<BookRights>> | null;
  myRights: BookRights;
  /** What it is for: `collected`, `directory`; null for a book like any other. Parvis's own. */
  role?: string | null;
}

type Contexts = Record<string, true> | null;
interface Labelled {
  contexts?: Contexts;
  label?: string | null;
  pref?: number;
}
export interface NamePart {
  '@type'?: string;
  kind: string;
  value: string;
}
export interface EmailField extends Labelled {
  address: string;
}
export interface PhoneField extends Labelled {
  number: string;
  features?: Record<string, true> | null;
}
export interface AddressField extends Labelled {
  components?: NamePart[] | null;
  full?: string | null;
  countryCode?: string | null;
}
export interface LinkField extends Labelled {
  uri: string;
  kind?: string | null;
}
export interface ServiceField extends Labelled {
  service?: string | null;
  uri?: string | null;
  user?: string | null;
}
export interface MediaField {
  '@type'?: string;
  kind: string;
  uri?: string | null;
  blobId?: string | null;
  mediaType?: string | null;
}
export interface PartialDate {
  '@type'?: string;
  year?: number;
  month?: number;
  day?: number;
  utc?: string;
}
export interface Anniversary {
  '@type'?: string;
  kind: string;
  date: PartialDate;
}
type Fields<T> = Record<string, T> | null;

/** RFC 9610 §3: a card of RFC 9553, as far as this client shows it. */
export interface Card {
  id: string;
  uid: string;
  kind?: string | null;
  addressBookIds: Record<string, true>;
  name?: { full?: string | null; components?: NamePart[] | null; isOrdered?: boolean | null } | null;
  nicknames?: Fields<{ name: string }>;
  organizations?: Fields<{ name?: string | null; units?: { name: string }[] | null }>;
  titles?: Fields<{ name: string; kind?: string | null }>;
  emails?: Fields<EmailField>;
  phones?: Fields<PhoneField>;
  addresses?: Fields<AddressField>;
  onlineServices?: Fields<ServiceField>;
  links?: Fields<LinkField>;
  anniversaries?: Fields<Anniversary>;
  notes?: Fields<{ note: string }>;
  media?: Fields<MediaField>;
  members?: Record<string, true> | null;
  keywords?: Record<string, true> | null;
  created?: string | null;
  updated?: string | null;
}

export const AddressBookType = defineType<AddressBook>({ name: 'AddressBook', whole: true, capability: CONTACTS, set: { onDestroyRemoveContents: true } });
export const CardType = defineType<Card>({ name: 'ContactCard', capability: CONTACTS });
