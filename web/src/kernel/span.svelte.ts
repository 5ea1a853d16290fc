/**
 * Records that lie in time, held by whole months: what has been looked at once is here, and stays complete by
 * Foo/changes (`TypeDef.follows`). For kinds whose Foo/query filters by `after` and `before`, as JMAP Calendars §5.11.1 does.
 */
import { db as deviceDb, type Db } from './db';
import { jmap, type Arguments, type JmapClient } from './jmap';
import { store as theStore, type RecordWithId, type Store, type TypeDef } from './store.svelte';
import { sync as theSync, type Refreshable, type Sync } from './sync';

const DAY = 86_400_000;
/** Pages of one month that are asked for at most: a month with more is an account no screen can show. */
const MOST_PAGES = 40;

interface QueryAnswer {
  ids: string[];
  total?: number;
}

interface GetAnswer<T> {
  state: string;
  list: T[];
  notFound: string[];
}

/** Milliseconds since 1970 to `2026-12`. */
function monthOf(at: number): string {
  return new Date(at).toISOString().slice(0, 7);
}

/** The months that a time touches, in order. */
export function monthsOf(from: number, to: number): string[] {
  const months: string[] = [];
  const at = new Date(from);
  for (let first = Date.UTC(at.getUTCFullYear(), at.getUTCMonth()); first < to; first = nextMonth(first)) months.push(monthOf(first));
  return months;
}

function nextMonth(first: number): number {
  const at = new Date(first);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1);
}

export class Span<T extends RecordWithId> implements Refreshable {
  readonly typeName: string;
  /** Whether what is looked at is here: `failed` when it could not be had, and nothing is known of it. Reactive. */
  status = $state<'loading' | 'ready' | 'failed'>('loading');
  private months = new Set<string>();
  private readonly running = new Map<string, Promise<void>>();
  private looked: string[] = [];
  private waking: Promise<void> | null = null;
  private generation = 0;
  private readonly end: () => void;

  constructor(
    readonly type: TypeDef<T>,
    readonly account: string,
    private readonly client: JmapClient = jmap,
    private readonly store: Store = theStore,
    private readonly db: Db = deviceDb,
    sync: Sync = theSync,
  ) {
    this.typeName = type.name;
    this.end = sync.watch(this);
  }

  /** Sees to it that everything from `from` to before `to` (milliseconds since 1970) is here; settles when it is, or could not be had. */
  async look(from: number, to: number): Promise<void> {
    this.looked = monthsOf(from - DAY, to + DAY); // a day more on both sides: wall clocks are up to that far apart
    await (this.waking ??= this.wake());
    const missing = this.looked.filter((month) => !this.months.has(month));
    if (!missing.length) {
      this.status = 'ready';
      return;
    }
    this.status = 'loading';
    await Promise.all(missing.map((month) => this.month(month)));
    this.settle();
  }

  private settle(): void {
    if (this.looked.every((month) => this.months.has(month))) this.status = 'ready';
    else if (!this.looked.some((month) => this.running.has(month))) this.status = 'failed';
  }

  /** Called after what changed has been fetched; fetches what could not be had before. */
  async refresh(): Promise<void> {
    const missing = this.looked.filter((month) => !this.months.has(month));
    if (!missing.length) return;
    await Promise.all(missing.map((month) => this.month(month)));
    this.settle();
  }

  reset(): void {
    this.generation++;
    this.months = new Set();
    this.running.clear();
    this.keep();
  }

  close(): void {
    this.end();
  }

  private get key(): string {
    return `${this.account}/${this.typeName}#months`;
  }

  private keep(): void {
    this.store.save('queries', this.key, { months: [...this.months] });
  }

  /** What the device has, unless the server has told better already. */
  private async wake(): Promise<void> {
    await this.store.flush();
    const kept = await this.db.get<{ months: string[] }>('queries', this.key);
    if (!kept || !this.store.state(this.type, this.account)) return;
    const records = await this.db.all<T>('records', `${this.account}/${this.typeName}/`);
    const fresh = records.filter(({ id }) => this.store.entry(this.type, this.account, id).status === 'empty');
    this.store.merge(this.type, this.account, fresh, { save: false });
    this.months = new Set(kept.months);
  }

  private month(month: string): Promise<void> {
    let under = this.running.get(month);
    if (!under) {
      under = this.fetch(month).catch(() => undefined).finally(() => this.running.delete(month));
      this.running.set(month, under);
    }
    return under;
  }

  private async fetch(month: string): Promise<void> {
    const { generation } = this;
    const first = Date.parse(`${month}-01T00:00:00Z`);
    const limit = this.client.limit('maxObjectsInGet', 256);
    for (let page = 0, seen = 0; page < MOST_PAGES; page++) {
      const { ids, total } = await this.page(first, seen, limit);
      seen += ids.length;
      if (!ids.length || seen >= (total ?? (ids.length < limit ? seen : Infinity))) break;
    }
    if (generation !== this.generation) return;
    this.months.add(month);
    this.keep();
  }

  private async page(first: number, position: number, limit: number): Promise<QueryAnswer> {
    const name = this.type.jmap ?? this.type.name;
    const filter: Arguments = { after: local(first), before: local(nextMonth(first)) };
    const batch = this.client.batch();
    const query = batch.add<QueryAnswer>(`${name}/query`, { accountId: this.account, filter, sort: [{ property: 'start', isAscending: true }], position, limit, calculateTotal: true });
    const get = batch.add<GetAnswer<T>>(`${name}/get`, {
      accountId: this.account,
      '#ids': query.ref('/ids'),
      ...(this.type.properties ? { properties: this.type.properties } : {}),
      ...this.type.args,
    });
    await batch.send();
    const answer = await query.answer;
    if (answer.ids.length || !this.store.state(this.type, this.account)) this.store.take(this.type, this.account, await get.answer);
    return answer;
  }
}

function local(at: number): string {
  return new Date(at).toISOString().slice(0, 19);
}
