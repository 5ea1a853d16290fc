/**
 * Keeps what the store holds equal to the server: Foo/changes and Foo/get of what changed in one request
 * (RFC 8620 §5.2), then the open queries. Started by push, by coming back online, and after our own changes.
 */
import { jmap, JmapError, type JmapClient } from './jmap';
import { store as theStore, type AnyType, type RecordWithId, type Store } from './store.svelte';

interface ChangesAnswer {
  oldState: string;
  newState: string;
  hasMoreChanges: boolean;
  created: string[];
  updated: string[];
  destroyed: string[];
}

/** Something that must look again when records of a kind changed: an open query. */
export interface Refreshable {
  readonly account: string;
  readonly typeName: string;
  refresh(): Promise<void>;
  /** The server could not tell what changed: what is known of whole lists or spans no longer holds. */
  reset?(): void;
}

export class Sync {
  private readonly types = new Map<string, AnyType>();
  private readonly open = new Set<Refreshable>();
  private readonly running = new Map<string, Promise<void>>();

  constructor(
    private readonly client: JmapClient = jmap,
    private readonly store: Store = theStore,
  ) {}

  /** Kinds that are to be kept in step, by their JMAP name. Other kinds kept under the same JMAP name are immutable. */
  register(...types: AnyType[]): void {
    for (const type of types) this.types.set(type.name, type);
  }

  get all(): AnyType[] {
    return [...this.types.values()];
  }

  watch(query: Refreshable): () => void {
    this.open.add(query);
    return () => this.open.delete(query);
  }

  /** What a StateChange (RFC 8620 §7.1) says has changed. Returns the kinds that were not known in the state it names. */
  async changed(changed: Record<string, Record<string, string>>): Promise<Set<string>> {
    const work: Promise<void>[] = [];
    const asked = new Set<string>();
    for (const [account, states] of Object.entries(changed)) {
      for (const [name, state] of Object.entries(states)) {
        const type = this.types.get(name);
        if (!type || this.store.state(type, account) === state) continue;
        asked.add(name);
        work.push(this.bring(type, account));
      }
    }
    await Promise.allSettled(work);
    return asked;
  }

  /** Everything, of every account: at start and after being offline. */
  async everything(accounts: string[]): Promise<void> {
    const work = accounts.flatMap((account) => this.all.map((type) => this.bring(type, account)));
    const results = await Promise.allSettled(work);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }

  /** One kind in one account. Calls while one is under way are joined into one more run after it. */
  bring(type: AnyType, account: string): Promise<void> {
    const key = `${account}/${type.name}`;
    const before = this.running.get(key);
    const next = (before ? before.catch(() => undefined) : Promise.resolve()).then(() => this.run(type, account));
    this.running.set(key, next);
    const settle = () => this.running.get(key) === next && this.running.delete(key);
    next.then(settle, settle);
    return next;
  }

  private async run(type: AnyType, account: string): Promise<void> {
    if (type.capability && !this.client.session?.accounts[account]?.accountCapabilities[type.capability]) return;
    if (!this.store.state(type, account)) {
      if (type.whole) await this.store.fetch(type, account, null);
    } else {
      try {
        while (await this.step(type, account));
      } catch (error) {
        if (!(error instanceof JmapError) || error.code !== 'cannotCalculateChanges') throw error;
        await this.again(type, account);
      }
    }
    const queries = [...this.open].filter((query) => query.account === account && query.typeName === type.name);
    await Promise.all(queries.map((query) => query.refresh()));
  }

  /** One Foo/changes with what it leads to; true when the server has more. */
  private async step(type: AnyType, account: string): Promise<boolean> {
    const name = type.jmap ?? type.name;
    const batch = this.client.batch();
    const changes = batch.add<ChangesAnswer>(`${name}/changes`, {
      accountId: account,
      sinceState: this.store.state(type, account),
      maxChanges: this.client.limit('maxObjectsInGet', 256),
    });
    const get = (path: string, properties?: string[]) =>
      batch.add<{ state: string; list: RecordWithId[]; notFound: string[] }>(`${name}/get`, {
        accountId: account,
        '#ids': changes.ref(path),
        ...(properties ? { properties } : {}),
        ...(properties === type.mutable ? {} : type.args),
      });
    const updated = get('/updated', type.mutable ? ['id', ...type.mutable] : type.properties);
    const all = type.whole || type.follows;
    const created = all ? get('/created', type.properties) : null;
    await batch.send();
    const answer = await changes.answer;
    const held = all ? null : new Set(this.store.held(type, account));
    const fresh = (await updated.answer).list.filter((record) => !held || held.has(record.id));
    this.store.merge(type, account, created ? [...(await created.answer).list, ...fresh] : fresh);
    this.store.remove(type, account, answer.destroyed);
    this.store.setState(type, account, answer.newState);
    return answer.hasMoreChanges;
  }

  /** The server cannot tell what changed (RFC 8620 §5.2): everything that is held is fetched anew. */
  private async again(type: AnyType, account: string): Promise<void> {
    if (type.whole) {
      await this.store.fetch(type, account, null);
      return;
    }
    for (const query of this.open) if (query.account === account && query.typeName === type.name) query.reset?.();
    const ids = this.store.held(type, account);
    const answer = await this.client.call<{ state: string }>(`${type.jmap ?? type.name}/get`, { accountId: account, ids: [] });
    if (ids.length) {
      const found = new Set((await this.store.fetch(type, account, ids)).map((record) => (record as RecordWithId).id));
      this.store.remove(type, account, ids.filter((id) => !found.has(id)));
    }
    this.store.setState(type, account, answer.state);
  }
}

export const sync = new Sync();
