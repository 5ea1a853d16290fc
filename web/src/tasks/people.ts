/** The people of a list: whose it is and whom it is shared with; tasks are given to them. */
import { myself, principal } from '../kernel/principals';
import { signedIn } from '../kernel/session.svelte';
import type { Person } from './model';
import { view } from './view.svelte';

/** Reactive; the person themselves come first. */
export function peopleOf(account: string, listId: string): Person[] {
  const list = view.listOf(account, listId);
  const ids = new Set([myself(), account, ...Object.keys(list?.shareWith ?? {})]);
  return [...ids].flatMap((id) => {
    const name = id === myself() ? (signedIn.person?.name ?? '') : principal(id)?.name;
    return name ? [{ id, name }] : [];
  });
}
