/** Mailing lists and what waits for their moderators (urn:parvis:lists). */
import { jmap } from '../../kernel/jmap';

const LISTS = 'urn:parvis:lists';
export const account = (): string => jmap.primary(LISTS);

export type Posting = 'anyone' | 'organisation' | 'members' | 'moderators';
export interface MailingList {
  id: string;
  name: string;
  address: string;
  posting: Posting;
  others: 'hold' | 'refuse';
  /** Whether its mail comes to the person. */
  reads: boolean;
  mayModerate: boolean;
  /** For moderators: addresses outside that get its mail, and how many messages wait. */
  readers?: string[];
  held?: number;
}
export interface HeldPost {
  id: string;
  listId: string;
  listName: string;
  author: string;
  subject: string;
  why: string;
  received: string;
}
export interface Content {
  from: { name: string | null; email: string }[];
  text: string;
  files: string[];
}
export interface Change {
  posting?: Posting;
  others?: MailingList['others'];
  subscribe?: string[];
  unsubscribe?: string[];
}
interface Decided {
  accepted: string[];
  rejected: string[];
  notFound: string[];
}

export async function all(): Promise<{ lists: MailingList[]; held: HeldPost[] }> {
  const batch = jmap.batch();
  const lists = batch.add<{ list: MailingList[] }>('MailingList/get', { accountId: account() });
  const held = batch.add<{ list: HeldPost[] }>('HeldPost/get', { accountId: account() });
  await batch.send();
  return { lists: (await lists.answer).list, held: (await held.answer).list };
}

export async function configure(id: string, change: Change): Promise<MailingList[]> {
  return (await jmap.call<{ list: MailingList[] }>('MailingList/configure', { accountId: account(), id, ...change })).list;
}

export async function read(id: string): Promise<Content> {
  return jmap.call<Content & Record<string, unknown>>('HeldPost/read', { accountId: account(), id });
}

export async function decide(accept: string[], reject: string[]): Promise<Decided> {
  return jmap.call<Decided & Record<string, unknown>>('HeldPost/decide', { accountId: account(), accept, reject });
}
