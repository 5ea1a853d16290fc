/**
 * A list the server sorts and filters, of which only the looked-at parts are here: a sparse list of ids
 * (RFC 8620 §5.5), kept in step by Foo/queryChanges (§5.6) and shown from the device before the network answers.
 */
import { db as deviceDb, type Db } from './db';
import { jmap, JmapError, type Arguments, type Batch, type JmapClient, type ResultReference } from './jmap';
import { store as theStore, type RecordWithId, type Store, type TypeDef } from './store.svelte';
import { sync as theSync, type Sync } from './sync';

export interface QuerySpec<T extends RecordWithId> {
  type: TypeDef<T>;
  account: string;
  filter: Arguments | null;
  sort: Arguments[];
  /** More arguments of Foo/query, such as collapseThreads. */
  args?: Arguments;
  /** Adds the calls that fetch what a row needs; returns what takes their answers in. Default: Foo/get. */
  expand?: (batch: Batch, ids: ResultReference) => () => Promise<void>;
  /** What rows need besides their own record, when they come back from the device. */
  recall?: (ids: string[]) => Promise<void>;
  /** Whether a record still belongs here; a row whose record says no is hidden before the server knows. */
  matches?: (record: T) => boolean;
}

interface QueryAnswer {
  queryState: string;
  canCalculateChanges: boolean;
  position: number;
  ids: string[];
  total?: number;
}

interface QueryChangesAnswer {
  newQueryState: string;
  total?: number;
  removed: string[];
  added: { id: string; index: number }[];
}

interface Kept {
  ids: string[];
  total: number;
  queryState: string;
}

/** What a list on the screen needs of a query, or of several that are shown as one. */
export interface Rows {
  readonly length: number;
  readonly version: number;
  readonly status: 'empty' | 'loading' | 'ready' | 'failed';
  idAt(row: number): string | undefined;
  accountAt(row: number): string | undefined;
  eachLoaded(visit: (row: number, id: string, account: string) => void): void;
  look(start: number, end: number): void;
  start(): Promise<void>;
  refresh(): Promise<void>;
  close(): void;
}

const PAGE = 50;
const KEPT = 200;
const AHEAD = 40;
const REST_MS = 50;

export class Query<T extends RecordWithId> implements Rows {
  readonly account: string;
  readonly typeName: string;
  readonly key: string;
  /** How many rows there are, hidden ones not counted. */
  length = $state(0);
  /** Grows with each change of the rows; reading it subscribes to all of them. */
  version = $state(0);
  status = $state<'empty' | 'loading' | 'ready' | 'failed'>('empty');
  error = $state.raw<JmapError | null>(null);
  /** Position in the server's list to id, of the parts that are here; `order` is its keys in order. */
  private ids = new Map<number, string>();
  private order: number[] = [];
  private hidden: number[] = [];
  private total = 0;
  private queryState = '';
  private canCalculate = false;
  private readonly pages = new Map<number, Promise<void>>();
  private refreshing: Promise<void> | null = null;
  /** Settles when what the device keeps is here. */
  private waking: Promise<void> | null = null;
  private readonly ends: (() => void)[];
  private generation = 0;
  private looked = { start: 0, end: 0 };
  private resting: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly spec: QuerySpec<T>,
    private readonly client: JmapClient = jmap,
    private readonly store: Store = theStore,
    private readonly db: Db = deviceDb,
    sync: Sync = theSync,
  ) {
    this.account = spec.account;
    this.typeName = spec.type.name;
    this.key = `${spec.account}/${spec.type.name}?${JSON.stringify([spec.filter, spec.sort, spec.args ?? {}])}`;
    this.ends = [
      sync.watch(this),
      this.store.onChange((change) => {
        if (change.type === this.typeName && change.account === this.account) this.review(change.ids);
      }),
    ];
  }

  /** First rows: from the device at once if they are there, then from the server. */
  async start(): Promise<void> {
    this.status = 'loading';
    this.waking ??= this.wake();
    await this.waking;
    await (this.queryState ? this.refresh() : this.page(0));
  }

  private async wake(): Promise<void> {
    const kept = await this.db.get<Kept>('queries', this.key);
    if (!kept) return;
    await this.store.load(this.spec.type, this.account, kept.ids);
    await this.spec.recall?.(kept.ids);
    this.ids = new Map(kept.ids.entries());
    this.total = kept.total;
    this.queryState = kept.queryState;
    this.canCalculate = true;
    this.redraw();
    this.status = 'ready';
  }

  close(): void {
    clearTimeout(this.resting);
    for (const end of this.ends) end();
  }

  /** The id shown at a row, or undefined when that part is not here yet. Read `version` to follow changes. */
  idAt(row: number): string | undefined {
    return this.ids.get(this.position(row));
  }

  accountAt(_row: number): string {
    return this.account;
  }

  /** The row that a position of the server's list has. */
  rowAt(position: number): number {
    return position - this.hidden.filter((other) => other < position).length;
  }

  /** The row of an id, or -1 when it is not in the loaded parts. */
  rowOf(id: string): number {
    const position = this.order.find((at) => this.ids.get(at) === id);
    if (position === undefined || this.hidden.includes(position)) return -1;
    return this.rowAt(position);
  }

  /** Goes through the rows that are here, from the top. */
  eachLoaded(visit: (row: number, id: string, account: string) => void): void {
    let skipped = 0;
    for (const position of this.order) {
      while (skipped < this.hidden.length && this.hidden[skipped]! < position) skipped++;
      if (this.hidden[skipped] !== position) visit(position - skipped, this.ids.get(position)!, this.account);
    }
  }

  /** Goes through what does not belong here any more, or is on its way out, though the server still has it here. */
  eachHidden(visit: (id: string) => void): void {
    for (const position of this.hidden) visit(this.ids.get(position)!);
  }

  /**
   * Rows from `start` to before `end` are in view. Those one moves on to are fetched ahead; of those flown over
   * only the ones on which one comes to rest.
   */
  look(start: number, end: number): void {
    clearTimeout(this.resting);
    const fetch = () => void this.ensure(Math.max(0, start - 10), end + AHEAD);
    if (start < this.looked.end && end > this.looked.start) fetch();
    else this.resting = setTimeout(fetch, REST_MS);
    this.looked = { start, end };
  }

  /** Fetches the rows from `start` to before `end` that are not here; settles when they are, or could not be had. */
  async ensure(start: number, end: number): Promise<void> {
    if (this.status === 'empty' || !this.length) return;
    const pages: Promise<void>[] = [];
    const last = Math.min(this.position(Math.min(end, this.length) - 1), this.total - 1);
    for (let page = Math.floor(this.position(start) / PAGE); page * PAGE <= last; page++) {
      if (this.gap(page)) pages.push(this.page(page));
    }
    await Promise.allSettled(pages);
  }

  /** Asks the server what changed and takes it in; keeps showing the old rows until it has. */
  refresh(): Promise<void> {
    this.refreshing ??= this.update().finally(() => (this.refreshing = null));
    return this.refreshing;
  }

  private async update(): Promise<void> {
    await this.waking;
    if (!this.queryState) return this.page(0);
    try {
      if (!this.canCalculate) throw new JmapError('cannotCalculateChanges', '');
      await this.changes();
    } catch (error) {
      if (!(error instanceof JmapError)) throw error;
      if (!['cannotCalculateChanges', 'tooManyChanges', 'unknownMethod'].includes(error.code)) {
        this.fail(error);
        return;
      }
      this.generation++;
      this.pages.clear();
      await this.page(0, true);
    }
  }

  private async changes(): Promise<void> {
    const batch = this.client.batch();
    const last = this.ids.get(this.order.at(-1) ?? -1);
    const call = batch.add<QueryChangesAnswer>(`${this.method}/queryChanges`, {
      ...this.common(),
      sinceQueryState: this.queryState,
      maxChanges: 500,
      calculateTotal: true,
      ...(last ? { upToId: last } : {}),
    });
    const take = this.expand(batch, call.ref('/added/*/id'));
    await batch.send();
    const answer = await call.answer;
    if (answer.added.length) await take();
    this.queryState = answer.newQueryState;
    if (answer.removed.length || answer.added.length || answer.total !== this.total) this.splice(answer);
    this.status = 'ready';
    this.error = null;
  }

  /** RFC 8620 §5.6: removed ids go, then added ones are put in from the lowest index up. */
  private splice({ removed, added, total }: QueryChangesAnswer): void {
    const gone = new Set(removed);
    const known = new Set(this.ids.values());
    // An id that goes from a part we never saw shifts everything behind it: that part is fetched again.
    const limit = [...gone].some((id) => !known.has(id)) ? this.gapAt() : Infinity;
    const ids = this.order.filter((position) => position < limit).map((position) => [position, this.ids.get(position)!] as [number, string]);
    let shift = 0;
    let next = new Map<number, string>();
    for (const [position, id] of ids) {
      if (gone.has(id)) shift++;
      else next.set(position - shift, id);
    }
    for (const { id, index } of [...added].sort((a, b) => a.index - b.index)) {
      next = new Map([...next].map(([position, other]) => [position >= index ? position + 1 : position, other]));
      next.set(index, id);
    }
    this.ids = next;
    this.total = total ?? next.size;
    this.pages.clear();
    this.redraw();
    this.keep();
  }

  /** Fetches one page; `anew` replaces all that is known by it. */
  private page(page: number, anew = false): Promise<void> {
    let under = this.pages.get(page);
    if (!under) {
      under = this.fetchPage(page, anew).catch((error: unknown) => {
        this.pages.delete(page);
        this.fail(error instanceof JmapError ? error : new JmapError('serverFail', String(error)));
      });
      this.pages.set(page, under);
    }
    return under;
  }

  private async fetchPage(page: number, anew: boolean): Promise<void> {
    if (this.status === 'empty') this.status = 'loading';
    const generation = this.generation;
    const batch = this.client.batch();
    const call = batch.add<QueryAnswer>(`${this.method}/query`, {
      ...this.common(),
      position: page * PAGE,
      limit: PAGE,
      calculateTotal: true,
    });
    const take = this.expand(batch, call.ref('/ids'));
    await batch.send();
    const answer = await call.answer;
    if (answer.ids.length) await take();
    if (generation !== this.generation) return;
    const moved = this.queryState !== '' && this.queryState !== answer.queryState;
    if (anew || (moved && page === 0)) this.ids = new Map();
    this.total = answer.total ?? answer.position + answer.ids.length;
    for (const [index, id] of answer.ids.entries()) this.ids.set(answer.position + index, id);
    if (!this.queryState || anew || page === 0) this.queryState = answer.queryState;
    this.canCalculate = answer.canCalculateChanges;
    this.status = 'ready';
    this.error = null;
    this.redraw();
    this.keep();
    if (moved && page !== 0) void this.refresh();
  }

  private get method(): string {
    return this.spec.type.jmap ?? this.spec.type.name;
  }

  private common(): Arguments {
    return { accountId: this.account, filter: this.spec.filter, sort: this.spec.sort, ...this.spec.args };
  }

  private expand(batch: Batch, ids: ResultReference): () => Promise<void> {
    if (this.spec.expand) return this.spec.expand(batch, ids);
    const { type } = this.spec;
    const get = batch.add<{ state: string; list: T[]; notFound: string[] }>(`${this.method}/get`, {
      accountId: this.account,
      '#ids': ids,
      ...(type.properties ? { properties: type.properties } : {}),
      ...type.args,
    });
    return async () => this.store.take(type, this.account, await get.answer);
  }

  private fail(error: JmapError): void {
    this.error = error;
    if (this.status !== 'ready') this.status = 'failed';
  }

  private gap(page: number): boolean {
    for (let n = page * PAGE; n < Math.min(page * PAGE + PAGE, this.total); n++) if (!this.ids.has(n)) return true;
    return false;
  }

  /** The first position that is not here. */
  private gapAt(): number {
    let position = 0;
    while (this.ids.has(position)) position++;
    return position;
  }

  /** Records changed: rows that no longer belong are hidden, rows that belong again come back. */
  private review(changed: string[]): void {
    if (this.status === 'empty') return;
    const touched = new Set(changed);
    if (this.order.some((position) => touched.has(this.ids.get(position)!))) this.redraw();
  }

  private redraw(): void {
    const { matches, type } = this.spec;
    this.order = [...this.ids.keys()].filter((position) => position < this.total).sort((a, b) => a - b);
    this.hidden = this.order.filter((position) => {
      const entry = this.store.entry(type, this.account, this.ids.get(position)!);
      if (entry.status === 'empty' || entry.status === 'loading') return false;
      if (!entry.value || '$gone' in entry.value) return true;
      return matches ? !entry.server || !matches(entry.value) : false;
    });
    this.length = this.total - this.hidden.length;
    this.version++;
  }

  /** From a row to a position in the server's list: the hidden positions before it are stepped over. */
  private position(row: number): number {
    let position = row;
    for (const hidden of this.hidden) {
      if (hidden <= position) position++;
      else break;
    }
    return position;
  }

  private keep(): void {
    const ids = Array.from({ length: Math.min(this.gapAt(), KEPT) }, (_none, position) => this.ids.get(position)!);
    this.store.save('queries', this.key, { ids, total: this.total, queryState: this.queryState } satisfies Kept);
  }
}
