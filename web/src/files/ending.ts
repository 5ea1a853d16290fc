/** Ending links for people outside: at once, and with a way back to the same addresses. */
import { outbox, type Action, type Undoable } from '../kernel/outbox.svelte';
import { store } from '../kernel/store.svelte';
import { report } from './actions';
import { endOf } from './model';
import type { Given } from './transfers.svelte';
import { FileLinkType, type FileLink } from './types';

/** How long what has ended can be had back. */
const HOLD = 7_500;
const LONG_AGO = '1970-01-01T00:00:00Z';

/** Ends links, of any accounts, and tells it with a way back. */
export function withdraw(given: Given[]): void {
  const accounts = [...new Set(given.map(({ account }) => account))];
  const done = accounts.map((account) => end(account, given.filter((one) => one.account === account).map(({ link }) => link)));
  const ended: Undoable = { undo: () => done.map((one) => one.undo()).some(Boolean) };
  const [{ node, link }] = given as [Given];
  outbox.remember(ended);
  if (given.length === 1 && link.recipient) report('files.withdrawn', { name: node?.name ?? link.name }, ended);
  else report('files.linksDeleted', { count: given.length }, ended);
}

/** Nobody comes in by them from now on, as their time is over; they are deleted once that can no longer be undone. */
function end(account: string, links: FileLink[]): Undoable {
  const open = links.filter((link) => endOf(link) !== 'over');
  const set = (change: object, hold = 0): Action => outbox.calls([['FileLink/set', { accountId: account, ...change }]], { hold, undoable: false });
  const until = (expires: (link: FileLink) => string | null) => set({ update: Object.fromEntries(open.map((link) => [link.id, { expires: expires(link) }])) });
  const hide = (on: boolean) => links.forEach(({ id }) => store.setPatches(FileLinkType, account, id, on ? [{ $gone: true }] : []));
  hide(true);
  const over = open.length ? until(() => LONG_AGO) : null;
  const gone = set({ destroy: links.map(({ id }) => id) }, HOLD);
  const undo = () => {
    if (!gone.undo()) return false;
    hide(false);
    if (over && !over.undo()) until(({ expires }) => expires);
    return true;
  };
  over?.done.catch(undo); // refused: they are as they were
  return { undo };
}
