/**
 * Queries of several accounts as one list, newest first. Each keeps its own pages; where they are here, their heads
 * are merged by time. Far down, the server's counts tell at which row of each list a moment is, and the merging
 * begins there, so that nothing between has to be loaded.
 */
import { jmap, type JmapClient } from './jmap';
import type { Query, Rows } from './query.svelte';
import { store as theStore, type RecordWithId, type Store } from './store.svelte';

interface Dated extends RecordWithId {
  receivedAt: string;
}
interface Place {
  id: string;
  account: string;
}

const AHEAD = 40;
/** Rows up to which loading on is quicker than looking for a moment. */
const FAR = 200;
const NEAR = 50;
const REST_MS = 60;

export class Merged<T extends Dated> implements Rows {
  /** Grows when something was found where merging can begin. */
  private found = $state(0);
  /** Rows of each list at which merging begins: the top, and moments further down. */
  private starts: number[][];
  private cache = { key: '', rows: new Map<number, Place>() };
  private looked = { start: 0, end: 0 };
  private resting: ReturnType<typeof setTimeout> | undefined;
  private filling: Promise<void> | null = null;

  constructor(
    readonly parts: Query<T>[],
    private readonly client: JmapClient = jmap,
    private readonly store: Store = theStore,
  ) {
    this.starts = [parts.map(() => 0)];
  }

  get length(): number {
    return sum(this.parts.map((part) => part.length));
  }

  get version(): number {
    return this.found + sum(this.parts.map((part) => part.version));
  }

  /** One account that cannot be reached does not hide the others. */
  get status(): Rows['status'] {
    const all = this.parts.map((part) => part.status);
    return all.includes('ready') ? 'ready' : all.includes('loading') ? 'loading' : (all[0] ?? 'ready');
  }

  async start(): Promise<void> {
    await Promise.all(this.parts.map((part) => part.start()));
  }

  async refresh(): Promise<void> {
    await Promise.all(this.parts.map((part) => part.refresh()));
  }

  close(): void {
    clearTimeout(this.resting);
    for (const part of this.parts) part.close();
  }

  idAt(row: number): string | undefined {
    return this.rows().get(row)?.id;
  }

  accountAt(row: number): string | undefined {
    return this.rows().get(row)?.account;
  }

  eachLoaded(visit: (row: number, id: string, account: string) => void): void {
    for (const [row, { id, account }] of this.rows()) visit(row, id, account);
  }

  /** Rows from `start` to before `end` are in view: they are fetched when one comes to rest on them. */
  look(start: number, end: number): void {
    this.looked = { start, end };
    clearTimeout(this.resting);
    this.resting = setTimeout(() => void this.fill(), REST_MS);
  }

  /** Brings what is in view and a little more; resolves when it is here or cannot be had. */
  fill(): Promise<void> {
    this.filling ??= this.bring().finally(() => (this.filling = null));
    return this.filling;
  }

  private async bring(): Promise<void> {
    for (let tries = 0; tries < 20; tries++) {
      const { start, end } = this.looked;
      const until = Math.min(end + AHEAD, this.length);
      const rows = this.rows();
      let gap = start;
      while (gap < until && rows.has(gap)) gap++;
      if (gap >= until) return;
      const begin = this.starts.findLast((one) => sum(one) <= gap)!;
      const { at } = this.merge(begin, () => undefined);
      const before = this.version;
      if (gap - sum(at) > FAR) await this.locate(gap);
      else await Promise.all(this.parts.map((part, n) => part.ensure(at[n]!, at[n]! + until - sum(at))));
      if (this.version === before) return;
    }
  }

  /** What is merged so far; kept until something changes. */
  private rows(): Map<number, Place> {
    const lengths = this.parts.map((part) => part.length).join();
    const key = `${lengths} ${this.version}`;
    if (key === this.cache.key) return this.cache.rows;
    if (!this.cache.key.startsWith(`${lengths} `) && this.starts.length > 1) {
      this.starts = this.starts.slice(0, 1); // rows moved: moments are looked for again
      this.look(this.looked.start, this.looked.end);
    }
    const rows = new Map<number, Place>();
    for (const start of this.starts) if (!rows.has(sum(start))) this.merge(start, (row, place) => rows.set(row, place));
    this.cache = { key, rows };
    return rows;
  }

  /** Merges from a start as far as all heads are here; answers with how far each list came. */
  private merge(start: number[], put: (row: number, place: Place) => void): { at: number[] } {
    const at = [...start];
    const heads = this.parts.map((_part, n) => this.head(n, at[n]!));
    for (let row = sum(at); !heads.includes(null); row++) {
      let first = -1;
      heads.forEach((head, n) => head && (first < 0 || head.time > heads[first]!.time) && (first = n));
      if (first < 0) break;
      put(row, heads[first]!);
      heads[first] = this.head(first, ++at[first]!);
    }
    return { at };
  }

  /** The row of a list: undefined behind its end, null when it is not here yet. */
  private head(part: number, row: number): (Place & { time: string }) | undefined | null {
    const { length, account, spec, status } = this.parts[part]!;
    if (row >= length) return status === 'loading' ? null : undefined;
    const id = this.parts[part]!.idAt(row);
    const time = id && this.store.entry(spec.type, account, id).server?.receivedAt;
    return id && time ? { id, account, time } : null;
  }

  /** Finds a moment at or a little before a row, halving the time between; the lists begin there too. */
  private async locate(row: number): Promise<void> {
    let [old, young] = [0, Math.ceil(Date.now() / 1000) + 86_400];
    let best = this.starts[0]!;
    while (young - old > 1 && row - sum(best) > NEAR) {
      const moment = Math.floor((old + young) / 2);
      const counts = await this.since(new Date(moment * 1000).toISOString().replace('.000', ''));
      if (sum(counts) <= row) [young, best] = [moment, counts];
      else old = moment;
    }
    const starts = [...this.starts, best].sort((a, b) => sum(a) - sum(b));
    this.starts = starts.filter((one, n) => n === 0 || sum(one) > sum(starts[n - 1]!));
    this.found++;
  }

  /** How many rows of each list are of a moment or newer. RFC 8621 §4.4.1 */
  private async since(after: string): Promise<number[]> {
    const batch = this.client.batch();
    const calls = this.parts.map(({ account: accountId, spec: { filter, sort, args, type } }) =>
      batch.add<{ total: number }>(`${type.jmap ?? type.name}/query`, {
        accountId, filter: filter ? { operator: 'AND', conditions: [filter, { after }] } : { after }, sort, ...args, limit: 1, calculateTotal: true,
      }),
    );
    await batch.send();
    return Promise.all(calls.map(async (call, n) => this.parts[n]!.rowAt((await call.answer).total)));
  }
}

function sum(numbers: number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}
