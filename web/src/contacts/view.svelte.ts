/** What the contacts screen shows now: place, list, cursor, choice, open card. The URL is the source. */
import { tick, untrack } from 'svelte';
import { accounts, type MailAccount } from '../kernel/accounts.svelte';
import { locale } from '../kernel/i18n.svelte';
import { jmap, type Arguments } from '../kernel/jmap';
import { Query } from '../kernel/query.svelte';
import { path, router } from '../kernel/router.svelte';
import { link } from '../kernel/start.svelte';
import { store } from '../kernel/store.svelte';
import type { NameOrder } from './model';
import { addressOf, placeOf, type Place } from './places';
import { AddressBookType, CardType, CONTACTS, type AddressBook, type Card } from './types';

const BY_NAME: Arguments[] = [{ property: 'name', isAscending: true }];
/** Members of a group that are listed. */
const MOST_MEMBERS = 200;

class ContactsView {
  query = $state.raw<Query<Card> | null>(null);
  /** Row the keys act on. */
  cursor = $state(0);
  chosen = $state.raw<ReadonlySet<string>>(new Set());
  private anchor = -1;
  private shown = '';
  /** The groups of the person's own account. */
  groups = $state.raw<Query<Card> | null>(null);
  /** Something of the open card, or a new one, is being changed. */
  editing = $state(false);
  /** Asks the search field to take the focus; counts up. */
  focus = $state(0);

  /** The person's own account. Reactive. */
  get home(): string {
    return link.session?.primaryAccounts[CONTACTS] ?? jmap.primary(CONTACTS);
  }

  get accounts(): MailAccount[] {
    return accounts.holding(CONTACTS);
  }

  get place(): Place {
    return placeOf(router.parts, this.home);
  }

  get account(): string {
    return this.place.account;
  }

  /** What is looked for in the list, from the URL. Reactive. */
  get text(): string {
    return router.query.get('q') ?? '';
  }

  /** Id of the open card; `new` for one that is being made. Reactive. */
  get open(): string | null {
    return router.query.get('open');
  }

  get card(): Card | undefined {
    return this.open && this.open !== 'new' ? store.read(CardType, this.account, this.open) : undefined;
  }

  /** Books of an account in their order. Reactive. */
  books(account: string): AddressBook[] {
    return store.list(AddressBookType, account).toSorted((a, b) => a.sortOrder - b.sortOrder || a.name.localeCompare(b.name, locale()));
  }

  book(account: string, id: string): AddressBook | undefined {
    return store.peek(AddressBookType, account, id);
  }

  /** The book that new cards go into: the open one, else the default one, if they may be written. Reactive. */
  get target(): AddressBook | undefined {
    const { kind, account, id } = this.place;
    const here = kind === 'book' ? this.book(account, id) : undefined;
    const all = this.books(kind === 'book' ? account : this.home);
    return [here, all.find((book) => book.isDefault), ...all].find((book) => book?.myRights.mayWrite && book.role !== 'collected');
  }

  /** Whether a card can be changed: one of its books can. Reactive. */
  mayWrite(card: Card, account = this.account): boolean {
    return Object.keys(card.addressBookIds).some((id) => this.book(account, id)?.myRights.mayWrite);
  }

  /** Vietnamese names begin with the surname. */
  get order(): NameOrder {
    return locale() === 'vi' ? 'surname' : 'given';
  }

  url(place: Place, { open = null, text = '' }: { open?: string | null; text?: string } = {}): string {
    const query = new URLSearchParams({ ...(text ? { q: text } : {}), ...(open ? { open } : {}) });
    return path(...addressOf(place, this.home)) + (query.size ? `?${query}` : '');
  }

  begin(): void {
    if (this.groups || !this.home) return;
    this.groups = new Query<Card>({ type: CardType, account: this.home, filter: { kind: 'group' }, sort: BY_NAME, matches: (card) => card.kind === 'group' });
    void this.groups.start();
  }

  /** Follows the URL; call inside an effect. */
  follow(): void {
    if (router.parts[0] !== 'contacts' || !this.home) return;
    const { place, text } = this;
    if (place.kind === 'duplicates') {
      untrack(() => this.show('duplicates', null));
      return;
    }
    const members = place.kind === 'group' ? Object.keys(store.read(CardType, place.account, place.id)?.members ?? {}).slice(0, MOST_MEMBERS) : [];
    untrack(() => this.show(JSON.stringify([place, text, members]), () => this.list(place, text, members)));
  }

  private show(key: string, make: (() => Query<Card> | null) | null): void {
    if (key === this.shown) return;
    this.shown = key;
    this.query?.close();
    this.query = make?.() ?? null;
    this.cursor = 0;
    this.choose([]);
    void this.query?.start();
  }

  private list({ kind, account, id }: Place, text: string, members: string[]): Query<Card> | null {
    if (kind === 'group' && !members.length) return null;
    const conditions: Arguments[] = [
      kind === 'group' ? { operator: 'OR', conditions: members.map((uid) => ({ uid })) } : { operator: 'NOT', conditions: [{ kind: 'group' }] },
      ...(kind === 'book' ? [{ inAddressBook: id }] : []),
      ...(text ? [{ text }] : []),
    ];
    const known = new Set(members);
    const matches = (card: Card) => (kind === 'group' ? known.has(card.uid) : card.kind !== 'group') && (kind !== 'book' || id in card.addressBookIds);
    return new Query<Card>({ type: CardType, account, filter: { operator: 'AND', conditions }, sort: BY_NAME, matches });
  }

  at(row: number): Card | undefined {
    void this.query?.version;
    const id = this.query?.idAt(row);
    return id ? store.peek(CardType, this.account, id) : undefined;
  }

  openRow(row: number): void {
    const id = this.query?.idAt(row);
    if (!id) return;
    this.cursor = row;
    this.openCard(id);
  }

  openCard(id: string, replace = this.open !== null): void {
    this.editing = id === 'new';
    slide(() => router.go(this.url(this.place, { open: id, text: this.text }), { replace }));
  }

  close(): void {
    this.editing = false;
    slide(() => router.go(this.url(this.place, { text: this.text })));
  }

  search(text: string): void {
    router.go(this.url(this.place, { text, open: this.open }), { replace: true });
  }

  /** Sets the cursor on the open card wherever the list has it; call inside an effect. */
  find(): void {
    void this.query?.version;
    const row = this.open ? (this.query?.rowOf(this.open) ?? -1) : -1;
    if (row >= 0) untrack(() => (this.cursor = row));
  }

  choose(ids: Iterable<string>): void {
    this.chosen = new Set(ids);
    if (!this.chosen.size) this.anchor = -1;
  }

  chooseAll(): void {
    const ids: string[] = [];
    this.query?.eachLoaded((_row, id) => ids.push(id));
    this.choose(ids);
  }

  toggle(row: number): void {
    const id = this.query?.idAt(row);
    if (!id) return;
    const next = new Set(this.chosen);
    if (!next.delete(id)) next.add(id);
    this.chosen = next;
    this.anchor = this.cursor = row;
  }

  extend(to: number): void {
    if (!this.query?.length) return;
    const row = Math.max(0, Math.min(this.query.length - 1, to));
    if (this.anchor < 0) this.anchor = this.cursor;
    const [from, until] = [Math.min(this.anchor, row), Math.max(this.anchor, row)];
    const ids = Array.from({ length: until - from + 1 }, (_none, index) => this.query!.idAt(from + index));
    this.chosen = new Set(ids.filter((id) => id !== undefined));
    this.cursor = row;
  }

  /** What is chosen, else what is open, else the row under the cursor. */
  targets(): Card[] {
    const ids = this.chosen.size ? [...this.chosen] : [this.open ?? this.query?.idAt(this.cursor)];
    return ids.map((id) => (id ? store.peek(CardType, this.account, id) : undefined)).filter((card) => card !== undefined);
  }
}

/** On phones, where list and card take turns, one fades into the other. */
function slide(change: () => void): void {
  const calm = matchMedia('(min-width: 761px), (prefers-reduced-motion: reduce)').matches;
  if (calm || !document.startViewTransition) change();
  else document.startViewTransition(async () => {
    change();
    await tick();
  });
}

export const view = new ContactsView();
