/** Cards from files, and cards that may be of the same person: what the server offers beside RFC 9610. */
import { jmap } from '../kernel/jmap';
import { sync } from '../kernel/sync';
import { CardType, type Card } from './types';

export const MERGING = 'urn:parvis:contacts';

/** A file that cannot be read says in which line. */
export class Fault extends Error {
  constructor(
    readonly line: number,
    sentence: string,
  ) {
    super(sentence);
  }
}

export interface Parsed {
  blobId: string;
  cards: Card[];
}

/** The cards of a file; nothing is kept of them. Rejects with a Fault when it is none. */
export async function parsed(accountId: string, file: Blob): Promise<Parsed> {
  const { blobId } = await jmap.upload(accountId, file);
  const answer = await jmap.call<{ parsed: Record<string, Card[]> | null; faults: Record<string, { line: number; description: string }> | null }>('ContactCard/parse', { accountId, blobIds: [blobId] });
  const cards = answer.parsed?.[blobId];
  const fault = answer.faults?.[blobId];
  if (!cards) throw new Fault(fault?.line ?? 0, fault?.description ?? 'notParsable');
  return { blobId, cards };
}

/** Takes in a whole file, or nothing of it; those that are there already are left out. */
export async function takeIn(accountId: string, blobId: string, addressBookId: string): Promise<{ created: string[]; skipped: number }> {
  const done = await jmap.call<{ created: string[]; skipped: number }>('ContactCard/import', { accountId, blobId, addressBookId });
  void sync.bring(CardType, accountId).catch(() => undefined);
  return done;
}

export interface Alike {
  cardIds: string[];
  reasons: string[];
}

export async function duplicates(accountId: string): Promise<Alike[]> {
  return (await jmap.call<{ list: Alike[] }>('ContactCard/duplicates', { accountId, limit: 100 })).list;
}

/** Makes one of several, of which the first stays. Answers with what undoes it. */
export async function merge(accountId: string, cardIds: string[]): Promise<() => Promise<void>> {
  const { mergeId } = await jmap.call<{ mergeId: string }>('ContactCard/merge', { accountId, cardIds });
  void sync.bring(CardType, accountId).catch(() => undefined);
  return async () => {
    await jmap.call('ContactCard/unmerge', { accountId, mergeId });
    await sync.bring(CardType, accountId).catch(() => undefined);
  };
}
