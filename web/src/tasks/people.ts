/** The people of a list: whose it is, or who is in its space, and whom it is shared with; tasks are given to them. */
import { membersOf, myself, principal } from '../kernel/principals';
import { signedIn } from '../kernel/session.svelte';
import type { Person } from './model';
import { view } from './view.svelte';

/** Reactive; the person themselves come first. */
export function peopleOf(account: string, listId: string): Person[] {
  const list = view.listOf(account, listId);
  const ids = new Set([myself(), account, ...membersOf(account), ...Object.keys(list?.shareWith ?? {})]);
  return [...ids].flatMap((id) => {
    if (id === myself()) return [{ id, name: signedIn.person?.name ?? '' }];
    const one = principal(id);
    return one?.type === 'individual' ? [{ id, name: one.name }] : [];
  });
}
