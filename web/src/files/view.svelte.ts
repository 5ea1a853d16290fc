/** What the files screen shows now: place, list, cursor, choice, what is open. The URL is the source. */
import { untrack } from 'svelte';
import { accounts, type MailAccount } from '../kernel/accounts.svelte';
import { RowChoice } from '../kernel/choice.svelte';
import { t } from '../kernel/i18n.svelte';
import { jmap, type Arguments } from '../kernel/jmap';
import { Query } from '../kernel/query.svelte';
import { path, router } from '../kernel/router.svelte';
import { link } from '../kernel/start.svelte';
import { store } from '../kernel/store.svelte';
import { slide } from '../ui/slide';
import { addressOf, nextOrder, placeOf, sortOf, type Order, type Place, type SortBy } from './model';
import { FILENODE, FileNodeType, type FileNode } from './types';

const LOOK = 'parvis-files-look';

interface Look {
  layout: 'list' | 'grid';
  order: Order;
}

function keptLook(): Look {
  const plain: Look = { layout: 'list', order: { by: 'name', ascending: true } };
  try {
    return { ...plain, ...(JSON.parse(localStorage.getItem(LOOK) ?? '{}') as Partial<Look>) };
  } catch {
    return plain;
  }
}

class FilesView extends RowChoice<Query<FileNode>> {
  look = $state.raw<Look>(keptLook());
  private shown = '';
  /** What finds the trash of each account one has been in. */
  private bins = $state.raw<Record<string, Query<FileNode>>>({});
  /** What the cursor is to be set on once it is in the list. */
  private sought = '';

  /** The person's own account. Reactive. */
  get home(): string {
    return link.session?.primaryAccounts[FILENODE] ?? jmap.primary(FILENODE);
  }

  /** Accounts with files, the person's own first. Reactive. */
  get accounts(): MailAccount[] {
    return accounts.holding(FILENODE);
  }

  /** Where we are, from the URL. Reactive. */
  get place(): Place {
    return placeOf(router.parts, this.home);
  }

  get account(): string {
    return this.place.account;
  }

  private get bin(): Query<FileNode> | undefined {
    return this.bins[this.account];
  }

  /** The trash of the account we are in, once it is known; null where one is shown but a part of it. Reactive. */
  get trash(): string | null {
    void this.bin?.version;
    return this.bin?.idAt(0) ?? null;
  }

  /** Whether what is deleted here goes into the trash of whoever shares it, which one does not see. Reactive. */
  get givesBack(): boolean {
    return this.account !== this.home && this.place.kind !== 'trash' && !this.trash;
  }

  /** The folder we are in; undefined at the top, in places that are no folder, and until it is here. Reactive. */
  get folder(): FileNode | undefined {
    const { kind, account, id } = this.place;
    return kind === 'folder' && id ? store.read(FileNodeType, account, id) : undefined;
  }

  /** Whether things can be put here. Reactive. */
  get mayAdd(): boolean {
    const { kind, account, id } = this.place;
    if (kind !== 'folder') return false;
    if (id) return (this.folder?.myRights.mayAddChildren ?? false) && id !== this.trash;
    return this.mayBegin(account);
  }

  /** Whether something new can begin: here, or, in a place that is no folder, at a top. Reactive. */
  get mayBeginNew(): boolean {
    return this.place.kind === 'folder' ? this.mayAdd : this.mayBegin(this.account) || this.mayBegin(this.home);
  }

  /** Goes where new things can be put: from a place that is no folder to the top of its account, else of one's own. */
  goToAdd(): void {
    if (this.place.kind === 'folder') return;
    router.go(this.url({ kind: 'folder', account: this.mayBegin(this.account) ? this.account : this.home, id: null }));
  }

  /** Whether things can be put at the top of an account. Reactive. */
  mayBegin(account: string): boolean {
    return !!link.session?.accounts[account]?.accountCapabilities[FILENODE]?.mayCreateTopLevelFileNode;
  }

  /** What the top of an account is called. Reactive. */
  nameOf(account: string): string {
    return account === this.home ? t('files.mine') : (this.accounts.find(({ id }) => id === account)?.short ?? '');
  }

  /** From the top down to a folder, itself included, as far as one may see. Reactive. */
  trail(account: string, id: string | null): FileNode[] {
    const found: FileNode[] = [];
    for (let at = id; at && found.length < 64; ) {
      const node = store.read(FileNodeType, account, at);
      if (!node) break;
      found.unshift(node);
      at = node.parentId;
    }
    return found;
  }

  /** The address of a place, with what is open in it. */
  url(place: Place, open: string | null = null): string {
    return path(...addressOf(place, this.home)) + (open ? `?open=${encodeURIComponent(open)}` : '');
  }

  /** Id of the file that is open beside the list. Reactive. */
  get open(): string | null {
    return router.query.get('open');
  }

  get opened(): FileNode | undefined {
    return this.open ? store.read(FileNodeType, this.account, this.open) : undefined;
  }

  /** Finds the trash of the account we are in; call inside an effect. */
  findTrash(): void {
    const { account } = this;
    untrack(() => {
      if (!account || this.bin) return;
      const bin = new Query<FileNode>({ type: FileNodeType, account, filter: { role: 'trash' }, sort: [{ property: 'name' }] });
      this.bins = { ...this.bins, [account]: bin };
      void bin.start();
    });
  }

  /** Where to be when the account or the folder of the address is not there for the person, or no longer. Reactive. */
  private get instead(): Place | null {
    const { kind, account, id } = this.place;
    if (link.session && account !== this.home && !link.session.accounts[account]?.accountCapabilities[FILENODE]) return { kind: 'folder', account: this.home, id: null };
    return kind === 'folder' && id && store.entry(FileNodeType, account, id).status === 'missing' ? { kind, account, id: null } : null;
  }

  /** Follows the URL; call inside an effect. */
  follow(): void {
    if (router.parts[0] !== 'files' || !this.home) return;
    const { place, instead } = this;
    const { order } = this.look;
    if (instead) return router.go(this.url(instead), { replace: true });
    const waits = place.kind !== 'folder' && (this.bin?.status !== 'ready' || (place.kind === 'trash' && !this.trash));
    const listed = place.kind !== 'transfers' && !waits;
    const key = JSON.stringify([place, order, listed]);
    untrack(() => {
      if (key === this.shown) return;
      this.shown = key;
      this.query?.close();
      this.query = listed ? this.list(place, order) : null;
      this.cursor = 0;
      this.choose([]);
      void this.query?.start();
    });
  }

  private list(place: Place, order: Order): Query<FileNode> {
    const { filter, sort, matches } = this.asked(place, order);
    return new Query<FileNode>({ type: FileNodeType, account: place.account, filter, sort, matches });
  }

  private asked(place: Place, order: Order): { filter: Arguments; sort: Arguments[]; matches: (node: FileNode) => boolean } {
    const kept = this.trash ? [{ operator: 'NOT', conditions: [{ ancestorId: this.trash }] }] : [];
    const both = (condition: Arguments) => ({ operator: 'AND', conditions: [condition, ...kept] });
    if (place.kind === 'recent') return { filter: both({ isOpened: true, nodeType: 'file' }), sort: [{ property: 'opened', isAscending: false }], matches: () => true };
    if (place.kind === 'favourites') return { filter: both({ isFavourite: true }), sort: sortOf(order), matches: (node) => node.isFavourite };
    if (place.kind === 'tag') return { filter: both({ hasTag: place.id }), sort: sortOf(order), matches: (node) => place.id! in (node.tags ?? {}) };
    if (place.kind === 'trash') return { filter: { parentId: this.trash }, sort: [{ property: 'trashed', isAscending: false }], matches: (node) => node.parentId === this.trash };
    return { filter: { operator: 'AND', conditions: [{ parentId: place.id }, { operator: 'NOT', conditions: [{ role: 'trash' }] }] }, sort: sortOf(order), matches: (node) => node.parentId === place.id && node.role !== 'trash' };
  }

  setLayout(layout: Look['layout']): void {
    this.keep({ ...this.look, layout });
  }

  sortBy(by: SortBy): void {
    this.keep({ ...this.look, order: nextOrder(this.look.order, by) });
  }

  private keep(look: Look): void {
    this.look = look;
    localStorage.setItem(LOOK, JSON.stringify(look));
  }

  /** The node of a row, if it is here. Reactive. */
  at(row: number): FileNode | undefined {
    void this.query?.version;
    const id = this.query?.idAt(row);
    return id ? store.peek(FileNodeType, this.account, id) : undefined;
  }

  /** Opens a folder, or a file beside the list. */
  openNode(node: FileNode): void {
    const { account } = this;
    if (node.nodeType === 'directory') slide(() => router.go(this.url({ kind: 'folder', account, id: node.id })));
    else this.show(node);
  }

  /** Opens a file, or what is known about a folder, beside the list. */
  show(node: FileNode): void {
    slide(() => router.go(this.url(this.place, node.id), { replace: this.open !== null }));
  }

  openRow(row: number): void {
    const node = this.at(row);
    if (!node) return;
    this.cursor = row;
    this.openNode(node);
  }

  close(): void {
    slide(() => router.go(this.url(this.place)));
  }

  /** To the folder around; the cursor is then on where we come from. */
  up(): void {
    if (this.open) return this.close();
    const { kind, account, id } = this.place;
    if (kind !== 'folder' || !id) return;
    this.sought = id;
    router.go(this.url({ kind: 'folder', account, id: this.folder?.parentId ?? null }));
  }

  /** Sets the cursor on a node as soon as it is in the list. */
  seek(id: string): void {
    this.sought = id;
    this.find();
  }

  /** Looks whether what is sought is here; call inside an effect. */
  find(): void {
    void this.query?.version;
    const wanted = this.sought || this.open;
    if (!wanted) return;
    const row = this.query?.rowOf(wanted) ?? -1;
    if (row < 0) return;
    if (this.sought) this.sought = '';
    untrack(() => (this.cursor = row));
  }

  /** What is chosen, else what is open, else the row under the cursor. */
  targets(): FileNode[] {
    const ids = this.chosen.size ? [...this.chosen] : this.open ? [this.open] : [this.query?.idAt(this.cursor)];
    return ids.map((id) => (id ? store.peek(FileNodeType, this.account, id) : undefined)).filter((node) => node !== undefined);
  }
}

export const view = new FilesView();
