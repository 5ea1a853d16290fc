/** What the mail screen shows now: place, filter, list, cursor, choice, open conversation. The URL is the source. */
import { tick, untrack } from 'svelte';
import type { Arguments, Batch, ResultReference } from '../kernel/jmap';
import { jmap, MAIL } from '../kernel/jmap';
import { Query } from '../kernel/query.svelte';
import { path, router } from '../kernel/router.svelte';
import { signedIn } from '../kernel/session.svelte';
import { link } from '../kernel/start.svelte';
import { store } from '../kernel/store.svelte';
import { filterOf, FILTERS, type FilterName, type Place } from './model';
import { EmailType, IdentityType, MailboxType, ThreadType, type Email, type Mailbox } from './types';

class MailView {
  place = $state.raw<Place | null>(null);
  filter = $state<FilterName>('all');
  query = $state.raw<Query<Email> | null>(null);
  /** Row the keys act on. */
  cursor = $state(0);
  /** Ids of the newest messages of the chosen conversations. */
  chosen = $state.raw<ReadonlySet<string>>(new Set());
  /** Everything the list holds is chosen, what is not loaded too. */
  everything = $state(false);
  /** Where Shift+J/K began. */
  anchor = -1;

  /** The person's own account. Reactive. */
  get home(): string {
    return link.session?.primaryAccounts[MAIL] ?? jmap.primary(MAIL);
  }

  /** Accounts with mail, the person's own first; `short` is without the domain when it is one's own. Reactive. */
  get accounts(): { id: string; name: string; short: string; own: boolean }[] {
    const domain = signedIn.person?.address.replace(/^.*@/, '@') ?? '';
    const all = Object.entries(link.session?.accounts ?? {}).filter(([, account]) => MAIL in account.accountCapabilities);
    return all
      .map(([id, { name }]) => ({ id, name, short: domain && name.endsWith(domain) ? `${name.slice(0, -domain.length)}@` : name, own: id === this.home }))
      .sort((a, b) => Number(b.own) - Number(a.own) || a.name.localeCompare(b.name));
  }

  /** The id of the open conversation, from the URL. Reactive. */
  get thread(): string | null {
    return router.parts[0] === 'mail' ? (router.parts[2] ?? null) : null;
  }

  get mailboxes(): Mailbox[] {
    return store.list(MailboxType, this.place?.account ?? this.home);
  }

  /** The mailbox that is open, if the place is one. Reactive. */
  get mailbox(): Mailbox | undefined {
    return this.place?.kind === 'mailbox' ? store.peek(MailboxType, this.place.account, this.place.id) : undefined;
  }

  role(name: string, account = this.place?.account ?? this.home): Mailbox | undefined {
    return store.list(MailboxType, account).find((mailbox) => mailbox.role === name);
  }

  /** Whether the person may only look at an account. Reactive. */
  readOnly(account = this.place?.account ?? this.home): boolean {
    return link.session?.accounts[account]?.isReadOnly ?? false;
  }

  /** The account that is written from when an account is open: itself, or the person's own. */
  writesFrom(account: string): string {
    const may = !this.readOnly(account) && (account === this.home || !!this.role('drafts', account)?.myRights.maySubmit);
    return may ? account : this.home;
  }

  /** Addresses that are the person's. Reactive. */
  get own(): Set<string> {
    const identities = store.list(IdentityType, this.home).map((identity) => identity.email.toLowerCase());
    return new Set([...identities, signedIn.person?.address.toLowerCase() ?? '']);
  }

  /** Address of a place in the browser. */
  url(place: Place, thread?: string): string {
    const mailbox = place.kind === 'mailbox' ? store.peek(MailboxType, place.account, place.id) : undefined;
    const name = place.kind === 'starred' ? 'starred' : place.kind === 'label' ? place.id : (mailbox?.role ?? place.id);
    const first = place.account === this.home ? name : `${place.account}~${name}`;
    return path(...['mail', first, ...(thread ? [thread] : [])]);
  }

  /** The place an address names, or null while the mailboxes are not known. */
  private resolve(name: string): Place | null {
    const cut = name.indexOf('~');
    const account = cut < 0 ? this.home : name.slice(0, cut);
    const rest = name.slice(cut + 1);
    if (!account) return null;
    if (rest === 'starred') return { account, kind: 'starred', id: '' };
    if (rest.startsWith('label:')) return { account, kind: 'label', id: rest };
    const mailboxes = store.list(MailboxType, account);
    const found = mailboxes.find((mailbox) => mailbox.id === rest) ?? mailboxes.find((mailbox) => mailbox.role === rest);
    const other = store.complete(MailboxType, account) ? (mailboxes.find((mailbox) => mailbox.role === 'inbox') ?? mailboxes[0]) : undefined;
    const mailbox = found ?? other;
    return mailbox ? { account, kind: 'mailbox', id: mailbox.id } : null;
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
  private get hidden(): string[] {
    return ['junk', 'trash'].map((role) => this.role(role)?.id).filter((id) => id !== undefined);
  }

  /** What the list of a place holds, as a filter of Email/query. */
  condition(place: Place): Arguments {
    return filterOf(place, this.filter, [...this.own].filter(Boolean), this.hidden);
  }

  private open(place: Place): void {
    this.query?.close();
    const hidden = this.hidden;
    const query = new Query<Email>({
      type: EmailType,
      account: place.account,
      filter: this.condition(place),
      sort: [{ property: 'receivedAt', isAscending: false }],
      args: { collapseThreads: true },
      expand: (batch, ids) => expandThreads(batch, ids, place.account),
      recall: (ids) => recallThreads(ids, place.account),
      matches: (email) => belongs(email, place, hidden),
    });
    this.query = query;
    this.cursor = 0;
    this.choose([]);
    void query.start();
  }

  setFilter(filter: FilterName): void {
    if (this.place) router.go(this.url(this.place) + (filter === 'all' ? '' : `?f=${filter}`));
  }

  /** The newest message of a row, if it is here. Reactive with `query.version`. */
  emailAt(row: number): Email | undefined {
    void this.query?.version;
    const id = this.query?.idAt(row);
    return id ? store.peek(EmailType, this.query!.account, id) : undefined;
  }

  /** Sets the cursor on the open conversation wherever the list has it; call inside an effect. */
  followThread(): void {
    const { thread, query } = this;
    void query?.version;
    if (!thread || !query) return;
    untrack(() => {
      if (this.chosen.size || this.emailAt(this.cursor)?.threadId === thread) return;
      query.eachLoaded((row, id) => {
        if (store.peek(EmailType, query.account, id)?.threadId === thread) this.cursor = row;
      });
    });
  }

  openRow(row: number): void {
    const email = this.emailAt(row);
    if (!email || !this.place) return;
    this.cursor = row;
    const filter = this.filter === 'all' ? '' : `?f=${this.filter}`;
    slide(() => router.go(this.url(this.place!, email.threadId) + filter));
  }

  /** Back to the list. */
  closeThread(): void {
    const filter = this.filter === 'all' ? '' : `?f=${this.filter}`;
    if (this.place) slide(() => router.go(this.url(this.place!) + filter));
  }

  choose(ids: Iterable<string>, everything = false): void {
    this.chosen = new Set(ids);
    this.everything = everything;
    if (!this.chosen.size) this.anchor = -1;
  }

  /** Chooses what is loaded; pressed again, or with `everything`, all there is. */
  chooseAll(everything = this.query !== null && this.chosen.size > 0 && this.chosen.size < this.query.length): void {
    const ids: string[] = [];
    this.query?.eachLoaded((_row, id) => ids.push(id));
    this.choose(ids, everything && ids.length < (this.query?.length ?? 0));
  }

  /** How many conversations are chosen. Reactive. */
  get choice(): number {
    return this.everything ? (this.query?.length ?? 0) : this.chosen.size;
  }

  toggle(row: number): void {
    const id = this.query?.idAt(row);
    if (!id) return;
    const next = new Set(this.chosen);
    if (!next.delete(id)) next.add(id);
    this.chosen = next;
    this.everything = false;
    this.anchor = row;
    this.cursor = row;
  }

  /** Chooses everything from where the choice began to a row. */
  extend(to: number): void {
    if (!this.query?.length) return;
    const row = Math.max(0, Math.min(this.query.length - 1, to));
    if (this.anchor < 0) this.anchor = this.cursor;
    const [from, until] = [Math.min(this.anchor, row), Math.max(this.anchor, row)];
    const ids = Array.from({ length: until - from + 1 }, (_none, index) => this.query!.idAt(from + index));
    this.chosen = new Set(ids.filter((id) => id !== undefined));
    this.everything = false;
    this.cursor = row;
  }
}

/** On phones, where list and conversation take turns, one fades into the other. */
function slide(change: () => void): void {
  const calm = matchMedia('(min-width: 761px), (prefers-reduced-motion: reduce)').matches;
  if (calm || !document.startViewTransition) change();
  else document.startViewTransition(async () => {
    change();
    await tick();
  });
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
