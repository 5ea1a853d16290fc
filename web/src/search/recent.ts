/** The last searches, kept on this device only, with the person's other data: signing out forgets them. */
import { db } from '../kernel/db';

const KEY = 'search/recent';
const MOST = 8;

export async function recentSearches(): Promise<string[]> {
  return (await db.get<string[]>('meta', KEY)) ?? [];
}

export async function remember(text: string): Promise<void> {
  const others = (await recentSearches()).filter((known) => known !== text);
  await keep([text, ...others].slice(0, MOST));
}

export async function forget(text?: string): Promise<string[]> {
  const left = text === undefined ? [] : (await recentSearches()).filter((known) => known !== text);
  await keep(left);
  return left;
}

function keep(list: string[]): Promise<void> {
  return db.write([{ store: 'meta', key: KEY, value: list.length ? list : undefined }]);
}
