/** What the contacts screen shows now: place, list, cursor, choice, open card. The URL is the source. */
import { untrack } from 'svelte';
import { accounts, type MailAccount } from '../kernel/accounts.svelte';
import { RowChoice } from '../kernel/choice.svelte';
import { locale, t } from '../kernel/i18n.svelte';
import { jmap, type Arguments } from '../kernel/jmap';
import { Query } from '../kernel/query.svelte';
import { path, router } from '../kernel/router.svelte';
import { link } from '../kernel/start.svelte';
import { store } from '../kernel/store.svelte';
import type { NameOrder } from './model';
import { slide } from '../ui/slide';
import { addressOf, placeOf, type Place } from './places';
import { AddressBookType, CardType, CONTACTS, type AddressBook, type Card } from './types';

const BY_NAME: Arguments[] = [{ property: 'name', isAscending: true }];
/** Members of a group that are listed and written to. */
export const MOST_MEMBERS = 200;

class ContactsView extends RowChoice<Query<Card>> {
  private shown = '';
  /** The groups of the person's own account. */
  groups = $state.raw<Query<Card> | null>(null);
  /** The card that is being changed, as long as it is the open one. */
  changing = $state<string | null>(null);
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

  /** The open card, or a new one, is being changed. Reactive. */
  get editing(): boolean {
    return this.open === 'new' || (this.open !== null && this.open === this.changing);
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

  /** What a book is called: the organisation's directory in the words of whoever looks. Reactive. */
  bookName({ name, role }: AddressBook): string {
    return role === 'directory' ? t('contacts.directory') : name;
  }

  /** Whether the address is that of a book or a group which is not there, or no longer. Reactive. */
  get gone(): boolean {
    const { kind, account, id } = this.place;
    if (kind === 'group') return store.entry(CardType, account, id).status === 'missing';
    return kind === 'book' && !this.book(account, id) && !!link.session && (store.complete(AddressBookType, account) || !this.accounts.some((one) => one.id === account));
  }

  /** The book that new cards go into: the open one, else one's own default one, if they may be written. Reactive. */
  get target(): AddressBook | undefined {
    const { kind, account, id } = this.place;
    const here = kind === 'book' ? this.book(account, id) : undefined;
    const own = this.books(this.home);
    return [here, own.find((book) => book.isDefault), ...own].find((book) => book?.myRights.mayWrite && book.role !== 'collected');
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

  /** Opens a card of an account in the list that is shown, or, where that cannot hold it, among all. */
  openCard(id: string, replace = this.open !== null, account = this.account): void {
    this.changing = null;
    const place: Place = this.place.kind === 'duplicates' || account !== this.account ? { kind: 'all', account: this.home, id: '' } : this.place;
    slide(() => router.go(this.url(place, { open: id, text: this.text }), { replace }));
  }

  close(): void {
    this.changing = null;
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

  /** What is chosen, else what is open, else the row under the cursor. */
  targets(): Card[] {
    const ids = this.chosen.size ? [...this.chosen] : [this.open ?? this.query?.idAt(this.cursor)];
    return ids.map((id) => (id ? store.peek(CardType, this.account, id) : undefined)).filter((card) => card !== undefined);
  }
}

export const view = new ContactsView();
