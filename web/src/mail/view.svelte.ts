/** What the mail screen shows now: place, filter, list, cursor, choice, open conversation. The URL is the source. */
import { untrack } from 'svelte';
import { accounts, type MailAccount } from '../kernel/accounts.svelte';
import { RowChoice } from '../kernel/choice.svelte';
import type { Arguments, Batch, ResultReference } from '../kernel/jmap';
import { Merged } from '../kernel/merged.svelte';
import { Query, type Rows } from '../kernel/query.svelte';
import { path, router } from '../kernel/router.svelte';
import { signedIn } from '../kernel/session.svelte';
import { link } from '../kernel/start.svelte';
import { store } from '../kernel/store.svelte';
import { slide } from '../ui/slide';
import { filterOf, FILTERS, inboxesOf, mainFirst, type FilterName, type Place } from './model';
import { EmailType, IdentityType, MailboxType, ThreadType, type Email, type Identity, type Mailbox } from './types';

/** What names a message among several accounts. */
export function keyOf(account: string, id: string): string {
  return `${account}/${id}`;
}

class MailView extends RowChoice {
  place = $state.raw<Place | null>(null);
  filter = $state<FilterName>('all');
  /** Everything the list holds is chosen, what is not loaded too. */
  everything = $state(false);

  /** The person's own account. Reactive. */
  get home(): string {
    return accounts.home;
  }

  /** Accounts with mail, the person's own first. Reactive. */
  get accounts(): MailAccount[] {
    return accounts.all;
  }

  /** The inboxes that are shown as one. Reactive. */
  private get joined(): { account: string; mailbox: Mailbox }[] {
    return this.accounts.filter((account) => accounts.joins(account)).flatMap(({ id }) => {
      const mailbox = this.role('inbox', id);
      return mailbox ? [{ account: id, mailbox }] : [];
    });
  }

  /** Unread messages in all inboxes; in the person's own when nothing is shown together. Reactive. */
  get unread(): number {
    const boxes = this.together ? this.joined.map(({ mailbox }) => mailbox) : [this.role('inbox', this.home)];
    return boxes.reduce((all, box) => all + (box?.unreadEmails ?? 0), 0);
  }

  /** All inboxes as a place; null when there are not several. Reactive. */
  get together(): Place | null {
    const keys = this.joined.map(({ account, mailbox }) => keyOf(account, mailbox.id));
    return keys.length > 1 ? { account: '', kind: 'inboxes', id: keys.join(' ') } : null;
  }

  /** The open conversation, from the URL. Reactive. */
  private get opened(): { account: string; thread: string } | null {
    const [feature, first, last] = router.parts;
    if (feature !== 'mail' || !last) return null;
    const cut = last.indexOf('~');
    return first === 'inboxes' ? { account: last.slice(0, Math.max(0, cut)), thread: last.slice(cut + 1) } : { account: this.place?.account ?? this.home, thread: last };
  }

  get thread(): string | null {
    return this.opened?.thread ?? null;
  }

  /** The account of what is open: the place's; among several the conversation's, else that of the row the keys act on. Reactive. */
  get account(): string {
    return this.place?.account || this.opened?.account || this.query?.accountAt(this.cursor) || this.home;
  }

  /** The accounts that an action is about. Reactive. */
  private get concerned(): string[] {
    return this.chosen.size ? [...new Set([...this.chosen].map((key) => key.slice(0, key.indexOf('/'))))] : [this.account];
  }

  /** The mailbox that is open, if the place is one. Reactive. */
  get mailbox(): Mailbox | undefined {
    return this.place?.kind === 'mailbox' ? store.peek(MailboxType, this.place.account, this.place.id) : undefined;
  }

  role(name: string, account = this.account): Mailbox | undefined {
    return store.list(MailboxType, account).find((mailbox) => mailbox.role === name);
  }

  /** Whether the person may only look at an account, or at one of those an action is about. Reactive. */
  readOnly(account?: string): boolean {
    return (account ? [account] : this.concerned).some((id) => link.session?.accounts[id]?.isReadOnly ?? false);
  }

  /** The account that is written from when an account is open: itself, or the person's own. */
  writesFrom(account: string): string {
    const may = !this.readOnly(account) && (account === this.home || !!this.role('drafts', account)?.myRights.maySubmit);
    return may ? account : this.home;
  }

  /** Whom one may write as from an account, the main identity first. Reactive. */
  identities(account: string): Identity[] {
    return mainFirst(store.list(IdentityType, account), link.session?.accounts[account]?.name ?? '');
  }

  /** Addresses that are the person's. Reactive. */
  get own(): Set<string> {
    const personal = this.accounts.filter((account) => account.personal);
    const identities = personal.flatMap(({ id }) => this.identities(id)).map((identity) => identity.email.toLowerCase());
    return new Set([...identities, signedIn.person?.address.toLowerCase() ?? '']);
  }

  /** Address of a place in the browser. */
  url(place: Place, thread?: string, account = place.account): string {
    if (place.kind === 'inboxes') return path(...['mail', 'inboxes', ...(thread ? [`${account}~${thread}`] : [])]);
    const mailbox = place.kind === 'mailbox' ? store.peek(MailboxType, place.account, place.id) : undefined;
    const name = place.kind === 'starred' ? 'starred' : place.kind === 'label' ? place.id : (mailbox?.role ?? place.id);
    const first = place.account === this.home ? name : `${place.account}~${name}`;
    return path(...['mail', first, ...(thread ? [thread] : [])]);
  }

  /** The place that an address such as `inbox` or `a1~label:x` names exactly; null when there is none. Reactive. */
  named(name: string): Place | null {
    if (name === 'inboxes') return this.together;
    const cut = name.indexOf('~');
    const account = cut < 0 ? this.home : name.slice(0, cut);
    const rest = name.slice(cut + 1);
    if (!account) return null;
    if (rest === 'starred') return { account, kind: 'starred', id: '' };
    if (rest.startsWith('label:')) return { account, kind: 'label', id: rest };
    const mailboxes = store.list(MailboxType, account);
    const found = mailboxes.find((mailbox) => mailbox.id === rest) ?? mailboxes.find((mailbox) => mailbox.role === rest);
    return found ? { account, kind: 'mailbox', id: found.id } : null;
  }

  /** The place an address leads to, the inbox when it names none; null while the mailboxes are not known. */
  private resolve(name: string): Place | null {
    const place = this.named(name);
    if (place || (name === 'inboxes' && !this.accounts.every(({ id }) => store.complete(MailboxType, id)))) return place;
    const cut = name.indexOf('~');
    const account = cut < 0 ? this.home : name.slice(0, cut);
    const other = store.complete(MailboxType, account) ? (this.role('inbox', account) ?? store.list(MailboxType, account)[0]) : undefined;
    return other ? { account, kind: 'mailbox', id: other.id } : null;
  }

  /** Follows the URL; call inside an effect. */
  follow(): void {
    if (router.parts[0] !== 'mail') return;
    const place = this.resolve(router.parts[1] ?? 'inbox');
    const wanted = router.query.get('f') as FilterName | null;
    const filter = wanted && FILTERS.includes(wanted) ? wanted : 'all';
    untrack(() => {
      const same = place && this.place && place.account === this.place.account && place.kind === this.place.kind && place.id === this.place.id;
      if (!place || (same && filter === this.filter && this.query)) return;
      this.place = place;
      this.filter = filter;
      this.open(place);
    });
  }

  /** Mailboxes that lists of stars and labels leave out. */
  hidden(account: string): string[] {
    return ['junk', 'trash'].map((role) => this.role(role, account)?.id).filter((id) => id !== undefined);
  }

  /** The places that a place is made of: itself, or an inbox an account. */
  places(place: Place): Place[] {
    return place.kind === 'inboxes' ? inboxesOf(place).map(({ account, mailbox }) => ({ account, kind: 'mailbox', id: mailbox })) : [place];
  }

  /** What the list of a place holds, as a filter of Email/query. */
  condition(place: Place): Arguments {
    return filterOf(place, this.filter, [...this.own].filter(Boolean), this.hidden(place.account));
  }

  private open(place: Place): void {
    this.query?.close();
    const parts = this.places(place).map((one) => this.list(one));
    const query: Rows = place.kind === 'inboxes' ? new Merged(parts) : parts[0]!;
    this.query = query;
    this.cursor = 0;
    this.choose([]);
    void query.start();
  }

  private list(place: Place): Query<Email> {
    const hidden = this.hidden(place.account);
    return new Query<Email>({
      type: EmailType,
      account: place.account,
      filter: this.condition(place),
      sort: [{ property: 'receivedAt', isAscending: false }],
      args: { collapseThreads: true },
      expand: (batch, ids) => expandThreads(batch, ids, place.account),
      recall: (ids) => recallThreads(ids, place.account),
      matches: (email) => belongs(email, place, hidden),
    });
  }

  setFilter(filter: FilterName): void {
    if (this.place) router.go(this.url(this.place) + (filter === 'all' ? '' : `?f=${filter}`));
  }

  /** The newest message of a row, if it is here. Reactive with `query.version`. */
  emailAt(row: number): Email | undefined {
    void this.query?.version;
    const [id, account] = [this.query?.idAt(row), this.accountAt(row)];
    return id && account ? store.peek(EmailType, account, id) : undefined;
  }

  /** The account a row is of. Reactive with `query.version`. */
  accountAt(row: number): string | undefined {
    void this.query?.version;
    return this.query?.accountAt(row);
  }

  /** Sets the cursor on the open conversation wherever the list has it; call inside an effect. */
  followThread(): void {
    const { thread, query } = this;
    void query?.version;
    if (!thread || !query) return;
    untrack(() => {
      const { account } = this;
      if (this.chosen.size || (this.emailAt(this.cursor)?.threadId === thread && this.accountAt(this.cursor) === account)) return;
      query.eachLoaded((row, id, of) => {
        if (of === account && store.peek(EmailType, of, id)?.threadId === thread) this.cursor = row;
      });
    });
  }

  openRow(row: number): void {
    const email = this.emailAt(row);
    if (!email || !this.place) return;
    this.cursor = row;
    const filter = this.filter === 'all' ? '' : `?f=${this.filter}`;
    slide(() => router.go(this.url(this.place!, email.threadId, this.accountAt(row)) + filter));
  }

  /** Back to the list. */
  closeThread(): void {
    const filter = this.filter === 'all' ? '' : `?f=${this.filter}`;
    if (this.place) slide(() => router.go(this.url(this.place!) + filter));
  }

  override choose(keys: Iterable<string>, everything = false): void {
    super.choose(keys);
    this.everything = everything;
  }

  /** Chooses what is loaded; pressed again, or with `everything`, all there is. */
  override chooseAll(everything = this.query !== null && this.chosen.size > 0 && this.chosen.size < this.query.length): void {
    super.chooseAll();
    this.everything = everything && this.chosen.size < (this.query?.length ?? 0);
  }

  protected override keyOf(account: string, id: string): string {
    return keyOf(account, id);
  }

  /** How many conversations are chosen. Reactive. */
  get choice(): number {
    return this.everything ? (this.query?.length ?? 0) : this.chosen.size;
  }
}

function belongs(email: Email, place: Place, hidden: string[]): boolean {
  if (place.kind === 'mailbox') return place.id in email.mailboxIds;
  const keyword = place.kind === 'starred' ? '$flagged' : place.id;
  return keyword in email.keywords && Object.keys(email.mailboxIds).some((id) => !hidden.includes(id));
}

/** From ids of newest messages to all messages of their conversations, in one request (RFC 8621 §4.10). */
function expandThreads(batch: Batch, ids: ResultReference, accountId: string): () => Promise<void> {
  type Got<T> = { state: string; list: T[]; notFound: string[] };
  const first = batch.add<Got<Email>>('Email/get', { accountId, '#ids': ids, properties: ['threadId'] });
  const threads = batch.add<Got<{ id: string; emailIds: string[] }>>('Thread/get', { accountId, '#ids': first.ref('/list/*/threadId') });
  const emails = batch.add<Got<Email>>('Email/get', { accountId, '#ids': threads.ref('/list/*/emailIds'), properties: EmailType.properties });
  return async () => {
    store.take(ThreadType, accountId, await threads.answer);
    store.take(EmailType, accountId, await emails.answer);
  };
}

/** The other messages of conversations whose newest are here: rows name everybody who wrote. */
async function recallThreads(ids: string[], accountId: string): Promise<void> {
  const threads = ids.map((id) => store.peek(EmailType, accountId, id)?.threadId).filter((id) => id !== undefined);
  await store.load(ThreadType, accountId, threads);
  const all = threads.flatMap((id) => store.peek(ThreadType, accountId, id)?.emailIds ?? []);
  await store.load(EmailType, accountId, all.filter((id) => store.entry(EmailType, accountId, id).status === 'empty'));
}

export const view = new MailView();
