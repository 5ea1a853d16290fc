/** Messages that somebody keeps for themselves, in their own account data; nobody else hears of it. */
import { keepOwn } from './actions';
import { data } from './data.svelte';

const TYPE = 'org.parvis.saved';
const MOST = 500;

export interface Saved {
  room: string;
  event: string;
}

/** The newest first. Reactive. */
export function saved(): Saved[] {
  const list = data.account[TYPE]?.list;
  return Array.isArray(list) ? (list as Saved[]).filter((one) => typeof one?.room === 'string' && typeof one.event === 'string') : [];
}

export function isSaved(event: string): boolean {
  return saved().some((one) => one.event === event);
}

/** Keeps a message, or no longer. */
export async function toggleSaved(room: string, event: string): Promise<void> {
  const before = saved();
  const list = isSaved(event) ? before.filter((one) => one.event !== event) : [{ room, event }, ...before].slice(0, MOST);
  await keepOwn(TYPE, { list });
}
