/** Cards from files and into files, and cards that may be of the same person: what the server offers beside RFC 9610. */
import { jmap, JmapError } from '../kernel/jmap';
import { sync } from '../kernel/sync';
import { CardType, type Card } from './types';

export const MERGING = 'urn:parvis:contacts';

interface SetAnswer {
  created?: Record<string, { id: string }> | null;
  notCreated?: Record<string, { type: string; description?: string }> | null;
}

/** Some cards, or a whole book, as one file of vCards. */
export async function exportCards(accountId: string, what: { ids: string[] } | { addressBookId: string }): Promise<Blob> {
  const { blobId, type } = await jmap.call<{ blobId: string; type: string }>('ContactCard/export', { accountId, ...what });
  return jmap.download(accountId, blobId, 'contacts.vcf', type ?? 'text/vcard');
}

/** The cards of a file. */
export async function parsed(accountId: string, file: Blob): Promise<Card[]> {
  const { blobId } = await jmap.upload(accountId, file);
  const answer = await jmap.call<{ parsed: Record<string, Card[]> | null; notParsable?: string[] | null }>('ContactCard/parse', { accountId, blobIds: [blobId] });
  const cards = answer.parsed?.[blobId];
  if (!cards) throw new JmapError('notParsable', 'notParsable');
  return cards;
}

/** Puts cards into a book, many at once. Answers with how many were taken. */
export async function putIn(accountId: string, bookId: string, cards: Card[], told: (count: number) => void): Promise<number> {
  const most = Math.min(200, jmap.limit('maxObjectsInSet', 200));
  let taken = 0;
  for (let at = 0; at < cards.length; at += most) {
    const create = Object.fromEntries(cards.slice(at, at + most).map((card, index) => [`c${index}`, { ...card, id: undefined, addressBookIds: { [bookId]: true } }]));
    const answer = await jmap.call<SetAnswer>('ContactCard/set', { accountId, create });
    taken += Object.keys(answer.created ?? {}).length;
    told(Math.min(cards.length, at + most));
  }
  void sync.bring(CardType, accountId).catch(() => undefined);
  return taken;
}
