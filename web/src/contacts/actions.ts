/** What can be done to contacts: each is shown at once, goes through the outbox, and can be undone. */
import { openCompose, openShare, type Person } from '../kernel/features';
import { t, type MessageKey } from '../kernel/i18n.svelte';
import { jmap } from '../kernel/jmap';
import { notices } from '../kernel/notices.svelte';
import { outbox, type Action } from '../kernel/outbox.svelte';
import { escapeName, type Patch } from '../kernel/patch';
import { router } from '../kernel/router.svelte';
import { store } from '../kernel/store.svelte';
import { displayName, emailsOf, isGroup } from './model';
import { AddressBookType, CardType, type AddressBook, type Card } from './types';
import { MOST_MEMBERS, view } from './view.svelte';

function report(key: MessageKey, holes: Record<string, string | number>, action: Action): void {
  notices.show(t(key, holes), { action: { label: t('ui.undo'), keys: 'Z', run: () => action.undo() } });
}

function holesOf(cards: Card[], more: Record<string, string> = {}): Record<string, string | number> {
  return { count: cards.length, name: cards[0] ? displayName(cards[0]) : '', ...more };
}

/** Keeps what was changed in a card; a new one is made in `book`. Resolves with its id. */
export async function save(card: Card | null, changes: Patch, book: AddressBook, account: string): Promise<string> {
  if (card) {
    if (Object.keys(changes).length) report('contacts.saved', holesOf([card]), outbox.update(CardType, account, { [card.id]: changes }));
    return card.id;
  }
  const [id] = await outbox.create(CardType, account, { addressBookIds: { [book.id]: true }, kind: 'individual', ...changes }).done;
  return id as string;
}

/** Deletes, after the time in which it can be undone. */
export function remove(cards = view.targets()): void {
  const going = cards.filter((card) => view.mayWrite(card));
  if (!going.length) return;
  const action = outbox.destroy(CardType, view.account, going.map(({ id }) => id), { hold: 7_500 });
  report('contacts.deleted', holesOf(going), action);
  view.choose([]);
  if (going.some(({ id }) => id === view.open)) view.close();
}

/** Puts cards into another book of their account. */
export function moveTo(book: AddressBook, cards: Card[]): void {
  const going = cards.filter((card) => !(book.id in card.addressBookIds) && view.mayWrite(card));
  if (!going.length) return;
  const action = outbox.update(CardType, view.account, Object.fromEntries(going.map(({ id }) => [id, { addressBookIds: { [book.id]: true } }])));
  report('contacts.moved', holesOf(going, { book: book.name }), action);
  view.choose([]);
}

/** Puts people into a group, or takes them out. */
export function member(group: Card, cards: Card[], on: boolean, account = view.home): void {
  const concerned = cards.filter(({ uid }) => uid && !!group.members?.[uid] !== on);
  if (!concerned.length) return;
  const patch: Patch = group.members
    ? Object.fromEntries(concerned.map(({ uid }) => [`members/${escapeName(uid)}`, on || null]))
    : { members: Object.fromEntries(concerned.map(({ uid }) => [uid, true])) };
  const action = outbox.update(CardType, account, { [group.id]: patch });
  view.choose([]);
  report(on ? 'contacts.joined' : 'contacts.left', holesOf(concerned, { group: displayName(group) }), action);
}

export async function createGroup(name: string, members: Card[]): Promise<string> {
  const book = view.books(view.home).find((one) => one.isDefault) ?? view.books(view.home).find(({ myRights }) => myRights.mayWrite);
  if (!book) throw new Error('no book');
  const record = { addressBookIds: { [book.id]: true }, kind: 'group', name: { full: name.trim() }, members: Object.fromEntries(members.map(({ uid }) => [uid, true])) };
  const [id] = await outbox.create(CardType, view.home, record).done;
  notices.show(t('contacts.groupMade', { name: name.trim(), count: members.length }), { stay: 4_000 });
  view.choose([]);
  return id as string;
}

export function renameGroup(group: Card, name: string): void {
  report('contacts.bookRenamed', { name: name.trim() }, outbox.update(CardType, view.home, { [group.id]: { name: { full: name.trim() } } }));
}

/** Deletes a group, after the time in which it can be undone; who is in it stays. */
export function deleteGroup(group: Card): void {
  report('contacts.bookDeleted', { name: displayName(group) }, outbox.destroy(CardType, view.home, [group.id], { hold: 7_500 }));
  if (view.place.kind === 'group' && view.place.id === group.id) router.go('/contacts');
}

export async function createBook(name: string): Promise<string> {
  const [id] = await outbox.create(AddressBookType, view.home, { name: name.trim(), isSubscribed: true, sortOrder: 10 }).done;
  return id as string;
}

export function renameBook(account: string, book: AddressBook, name: string): void {
  report('contacts.bookRenamed', { name: name.trim() }, outbox.update(AddressBookType, account, { [book.id]: { name: name.trim() } }));
}

export function deleteBook(account: string, book: AddressBook): void {
  report('contacts.bookDeleted', { name: book.name }, outbox.destroy(AddressBookType, account, [book.id], { hold: 7_500 }));
}

export function shareBook(account: string, book: AddressBook): void {
  const write = ['mayRead', 'mayWrite'];
  void openShare.open({
    type: AddressBookType,
    accountId: account,
    id: book.id,
    name: book.name,
    levels: [
      { label: t('contacts.mayRead'), rights: ['mayRead'] },
      { label: t('contacts.mayWrite'), rights: write },
      { label: t('contacts.mayManage'), rights: [...write, 'mayShare', 'mayDelete'] },
    ],
  });
}

/** Those who are in a group; without a network, as far as they are here. */
async function membersOf(group: Card): Promise<Card[]> {
  const uids = Object.keys(group.members ?? {}).slice(0, MOST_MEMBERS);
  if (!uids.length) return [];
  try {
    const filter = { operator: 'OR', conditions: uids.map((uid) => ({ uid })) };
    const { ids } = await jmap.call<{ ids: string[] }>('ContactCard/query', { accountId: view.home, filter });
    return await store.fetch(CardType, view.home, ids);
  } catch {
    const held = store.held(CardType, view.home).map((id) => store.peek(CardType, view.home, id));
    return held.filter((card): card is Card => card !== undefined && uids.includes(card.uid));
  }
}

/** Begins a message to people, and to those in groups. */
export async function write(cards = view.targets()): Promise<void> {
  const all = await Promise.all(cards.map((card) => (isGroup(card) ? membersOf(card) : [card])));
  const to = all.flat().flatMap((card): Person[] => {
    const [email] = emailsOf(card);
    return email ? [{ name: displayName(card), email }] : [];
  });
  if (to.length && openCompose.provided) await openCompose.open({ mode: 'new', to });
}
