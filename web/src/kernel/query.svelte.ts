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

const PAGE = 50;
const KEPT = 200;

export class Query<T extends RecordWithId> {
  readonly account: string;
  readonly typeName: string;
  readonly key: string;
  /** How many rows there are, hidden ones not counted. */
  length = $state(0);
  /** Grows with each change of the rows; reading it subscribes to all of them. */
  version = $state(0);
  status = $state<'empty' | 'loading' | 'ready' | 'failed'>('empty');
  error = $state.raw<JmapError | null>(null);
  private ids: (string | undefined)[] = [];
  private hidden: number[] = [];
  private total = 0;
  private queryState = '';
  private canCalculate = false;
  private readonly pages = new Map<number, Promise<void>>();
  private refreshing: Promise<void> | null = null;
  private readonly ends: (() => void)[];
  private generation = 0;

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
    const kept = await this.db.get<Kept>('queries', this.key);
    if (kept && !this.ids.length) {
      await this.store.load(this.spec.type, this.account, kept.ids);
      this.ids = [...kept.ids];
      this.total = kept.total;
      this.ids.length = kept.total;
      this.queryState = kept.queryState;
      this.canCalculate = true;
      this.redraw();
      this.status = 'ready';
      await this.refresh();
    } else await this.page(0);
  }

  close(): void {
    for (const end of this.ends) end();
  }

  /** The id shown at a row, or undefined when that part is not here yet. Read `version` to follow changes. */
  idAt(row: number): string | undefined {
    return this.ids[this.position(row)];
  }

  /** The row of an id, or -1 when it is not in the loaded parts. */
  rowOf(id: string): number {
    const position = this.ids.indexOf(id);
    if (position < 0 || this.hidden.includes(position)) return -1;
    return position - this.hidden.filter((other) => other < position).length;
  }

  /** Goes through the rows that are here, from the top. */
  eachLoaded(visit: (row: number, id: string) => void): void {
    let skipped = 0;
    this.ids.forEach((id, position) => {
      while (skipped < this.hidden.length && this.hidden[skipped]! < position) skipped++;
      if (id !== undefined && this.hidden[skipped] !== position) visit(position - skipped, id);
    });
  }

  /** Fetches the rows from `start` to before `end` that are not here. */
  ensure(start: number, end: number): void {
    if (this.status === 'empty' || !this.length) return;
    const last = Math.min(this.position(Math.min(end, this.length) - 1), this.total - 1);
    for (let page = Math.floor(this.position(start) / PAGE); page * PAGE <= last; page++) {
      if (this.gap(page)) void this.page(page).catch(() => undefined);
    }
  }

  /** Asks the server what changed and takes it in; keeps showing the old rows until it has. */
  refresh(): Promise<void> {
    this.refreshing ??= this.update().finally(() => (this.refreshing = null));
    return this.refreshing;
  }

  private async update(): Promise<void> {
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
    const last = this.ids.findLast((id) => id !== undefined);
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
    const known = new Set(this.ids.filter((id) => id !== undefined));
    // An id that goes from a part we never saw shifts everything behind it: that part is fetched again.
    const unsure = [...gone].some((id) => !known.has(id));
    const firstGap = this.ids.findIndex((id) => id === undefined);
    if (unsure && firstGap >= 0) this.ids.length = firstGap;
    this.ids = Array.from(this.ids).filter((id) => id === undefined || !gone.has(id)); // from: filter drops holes
    for (const { id, index } of [...added].sort((a, b) => a.index - b.index)) {
      if (index <= this.ids.length) this.ids.splice(index, 0, id);
      else this.ids[index] = id;
    }
    this.total = total ?? this.ids.length;
    this.ids.length = this.total;
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
    if (anew || (moved && page === 0)) this.ids = [];
    this.total = answer.total ?? answer.position + answer.ids.length;
    this.ids.length = this.total;
    for (const [index, id] of answer.ids.entries()) this.ids[answer.position + index] = id;
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
    for (let n = page * PAGE; n < Math.min(page * PAGE + PAGE, this.total); n++) if (this.ids[n] === undefined) return true;
    return false;
  }

  /** Records changed: rows that no longer belong are hidden, rows that belong again come back. */
  private review(changed: string[]): void {
    if (!this.spec.matches || this.status === 'empty') return;
    const touched = new Set(changed);
    if (this.ids.some((id) => id !== undefined && touched.has(id))) this.redraw();
  }

  private redraw(): void {
    const { matches, type } = this.spec;
    this.hidden = [];
    if (matches) {
      this.ids.forEach((id, position) => {
        const value = id === undefined ? undefined : this.store.entry(type, this.account, id);
        if (!value || value.status === 'empty' || value.status === 'loading') return;
        const record = value.server ? (value.value as T) : undefined;
        if (!record || !matches(record)) this.hidden.push(position);
      });
    }
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
    const gap = this.ids.findIndex((id) => id === undefined);
    const ids = (gap < 0 ? this.ids : this.ids.slice(0, gap)).slice(0, KEPT) as string[];
    this.store.save('queries', this.key, { ids, total: this.total, queryState: this.queryState } satisfies Kept);
  }
}
