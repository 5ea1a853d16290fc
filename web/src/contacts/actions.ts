/** What can be done to contacts: each is shown at once, goes through the outbox, and can be undone. */
import { openCompose, openShare, type Person } from '../kernel/features';
import { t, type MessageKey } from '../kernel/i18n.svelte';
import { notices } from '../kernel/notices.svelte';
import { outbox, type Action } from '../kernel/outbox.svelte';
import { escapeName, type Patch } from '../kernel/patch';
import { store } from '../kernel/store.svelte';
import { displayName, emailsOf } from './model';
import { AddressBookType, CardType, type AddressBook, type Card } from './types';
import { view } from './view.svelte';

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

/** The people that cards stand for, as recipients; the members of groups as far as they are here. */
export function peopleOf(cards: Card[]): Person[] {
  const held = store.held(CardType, view.account).map((id) => store.peek(CardType, view.account, id)).filter((card) => card !== undefined);
  const all = cards.flatMap((card) => (card.kind === 'group' ? held.filter(({ uid }) => card.members?.[uid]) : [card]));
  return all.flatMap((card) => {
    const [email] = emailsOf(card);
    return email ? [{ name: displayName(card), email }] : [];
  });
}

export function write(cards = view.targets()): void {
  const to = peopleOf(cards);
  if (to.length && openCompose.provided) void openCompose.open({ mode: 'new', to });
}
