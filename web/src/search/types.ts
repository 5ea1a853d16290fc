/** What the server's search answers (capability urn:parvis:search), and the little that search reads of mail. */
import { MAIL } from '../kernel/jmap';
import { defineType } from '../kernel/store.svelte';

export const SEARCH = 'urn:parvis:search';

export interface Place {
  page?: number;
  sheet?: string;
  slide?: number;
  row?: number;
}

/** A passage that was found. */
export interface Hit {
  passageId: string;
  accountId: string;
  kind: string;
  objectId: string;
  /** `body`, or the part of the message that is the file. */
  part: string;
  fileName: string;
  title: string;
  author: string;
  time: string;
  origin: 'own' | 'colleague' | 'outside' | 'system';
  place: Place;
  text: string;
  /** Where the words are in `text`: from, and to before. */
  marks: [number, number][];
  /** The same in `title`. */
  titleMarks: [number, number][];
}

export interface Answer {
  hits: Hit[];
  /** A word as it was typed, and the one that was looked for instead. */
  corrections: Record<string, string>;
  /** Whether meaning was compared too, and not only words. */
  meaning: boolean;
}

/** Arguments of Search/query beside the words; UTCDates. */
export interface Filter {
  author?: string;
  person?: string;
  after?: string;
  before?: string;
  hasAttachment?: boolean;
  mailboxIds?: string[];
}

export interface Suggestion {
  kind: 'person' | 'subject' | 'word';
  text: string;
  detail: string;
}

export interface Mailbox {
  id: string;
  name: string;
  role: string | null;
}

/** The mailboxes that mail keeps in the store, as far as search needs them. */
export const MailboxType = defineType<Mailbox>({ name: 'Mailbox', whole: true, capability: MAIL });
