/**
 * One store for every kind of record. An entry holds what the server said, the local patches that wait in
 * the outbox, and the sum of both, which is what views read. Entries are reactive one by one: a star on one
 * message redraws one row.
 */
import { db as deviceDb, type Db, type StoreName } from './db';
import { jmap, type Arguments, type JmapClient } from './jmap';
import { applyPatch, joinPatches, type Patch } from './patch';

export interface RecordWithId {
  id: string;
}

/** How a kind of record is fetched and kept. Make one with `defineType`. */
export interface TypeDef<T extends RecordWithId> {
  /** Name in the store; also the JMAP data type unless `jmap` says otherwise. */
  readonly name: string;
  readonly jmap?: string;
  readonly properties?: string[];
  /** Fetches records, for kinds that have no Foo/get. */
  readonly fetch?: (client: JmapClient, account: string, ids: string[]) => Promise<GetAnswer<T>>;
  /** More arguments of Foo/get. */
  readonly args?: Arguments;
  /** More arguments of Foo/set. */
  readonly set?: Arguments;
  /** True for small kinds that are always held complete, such as Mailbox. */
  readonly whole?: boolean;
  /** True for kinds held by spans of time (`Span`): what is created or changed is fetched too, so that spans stay complete. */
  readonly follows?: boolean;
  /** Properties that can change after creation; default: all. An empty list: never changes, never synced. */
  readonly mutable?: string[];
  readonly capability?: string;
  /** Phantom, carries the record's type. */
  readonly record?: T;
}

export function defineType<T extends RecordWithId>(type: TypeDef<T>): TypeDef<T> {
  return type;
}

export type Status = 'empty' | 'loading' | 'ready' | 'missing';
export type AnyType = TypeDef<any>;

/** One record as views see it. */
export class Entry<T> {
  status = $state<Status>('empty');
  /** Server record with the waiting patches applied; undefined until it is known. */
  value = $state.raw<T | undefined>(undefined);
  server: T | undefined;
  patch: Patch | undefined;

  constructor(
    readonly type: string,
    readonly account: string,
    readonly id: string,
  ) {}

  rebuild(): void {
    this.value = this.server && this.patch ? applyPatch(this.server as object, this.patch) as T : this.server;
  }
}

class Collection {
  ids = $state.raw<string[]>([]);
  loaded = $state(false);
}

export interface Change {
  type: string;
  account: string;
  ids: string[];
}

export interface GetAnswer<T> {
  state: string;
  list: T[];
  notFound: string[];
}

export class Store {
  private readonly entries = new Map<string, Entry<unknown>>();
  private readonly collections = new Map<string, Collection>();
  private readonly states = new Map<string, string>();
  private readonly wanted = new Map<string, { type: AnyType; account: string; ids: Set<string> }>();
  private readonly listeners = new Set<(change: Change) => void>();
  private unsaved = new Map<string, { store: StoreName; key: string; value: unknown }>();
  private saving: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly client: JmapClient = jmap,
    private readonly db: Db = deviceDb,
  ) {}

  entry<T extends RecordWithId>(type: TypeDef<T>, account: string, id: string): Entry<T> {
    const key = `${account}/${type.name}/${id}`;
    let entry = this.entries.get(key);
    if (!entry) this.entries.set(key, (entry = unowned(() => new Entry(type.name, account, id))));
    return entry as Entry<T>;
  }

  /** The record, reactive; when it is not here yet it is fetched from the device or the server. */
  read<T extends RecordWithId>(type: TypeDef<T>, account: string, id: string): T | undefined {
    const entry = this.entry(type, account, id);
    if (entry.status === 'empty') this.want(type, account, [id]);
    return entry.value;
  }

  /** The record if it is here, reactive, without fetching. */
  peek<T extends RecordWithId>(type: TypeDef<T>, account: string, id: string): T | undefined {
    return this.entry(type, account, id).value;
  }

  /** All records of a kind that is held whole, or what is held of one that is held by spans, reactive. */
  list<T extends RecordWithId>(type: TypeDef<T>, account: string): T[] {
    const { ids } = this.collection(type.name, account);
    return ids.map((id) => this.peek(type, account, id)).filter((value): value is T => value !== undefined && !('$gone' in value));
  }

  /** True once a whole kind is complete, from the device or the server. Reactive. */
  complete(type: AnyType, account: string): boolean {
    return this.collection(type.name, account).loaded;
  }

  /** Asks for records that are not here; asked together in one tick they are fetched together. */
  want<T extends RecordWithId>(type: TypeDef<T>, account: string, ids: string[]): void {
    const key = `${account}/${type.name}`;
    let group = this.wanted.get(key);
    if (!group) {
      this.wanted.set(key, (group = { type, account, ids: new Set() }));
      queueMicrotask(() => {
        const { ids: all } = this.wanted.get(key)!;
        this.wanted.delete(key);
        void this.load(type, account, [...all].filter((id) => this.entry(type, account, id).status === 'empty'));
      });
    }
    for (const id of ids) group.ids.add(id);
  }

  /** Fetches records, first from the device, then from the server. Resolves also when some could not be had. */
  async load<T extends RecordWithId>(type: TypeDef<T>, account: string, ids: string[]): Promise<void> {
    for (const id of ids) this.entry(type, account, id).status = 'loading';
    const kept = await this.db.getMany<T>('records', ids.map((id) => recordKey(account, type.name, id)));
    const known = kept.filter((record) => record !== undefined);
    this.merge(type, account, known, { save: false });
    const missing = ids.filter((_id, index) => !kept[index]);
    try {
      if (missing.length) await this.fetch(type, account, missing);
    } catch {
      for (const id of missing) this.entry(type, account, id).status = 'empty';
    }
  }

  /** Foo/get of the given ids, or of all with null, in portions the server accepts. */
  async fetch<T extends RecordWithId>(type: TypeDef<T>, account: string, ids: string[] | null): Promise<T[]> {
    const most = this.client.limit('maxObjectsInGet', 256);
    const portions = ids ? Array.from({ length: Math.ceil(ids.length / most) }, (_x, n) => ids.slice(n * most, n * most + most)) : [null];
    const lists = await Promise.all(
      portions.map(async (portion) => {
        const answer = portion && type.fetch
          ? await type.fetch(this.client, account, portion)
          : await this.client.call<GetAnswer<T>>(`${type.jmap ?? type.name}/get`, {
              accountId: account,
              ids: portion,
              ...(type.properties ? { properties: type.properties } : {}),
              ...type.args,
            });
        this.take(type, account, answer, portion === null);
        return answer.list;
      }),
    );
    return lists.flat();
  }

  /** Takes in the answer of a Foo/get, also one that came in a batch of the caller's. */
  take<T extends RecordWithId>(type: TypeDef<T>, account: string, answer: GetAnswer<T>, all = false): void {
    if (all) {
      const present = new Set(answer.list.map((record) => record.id));
      this.remove(type, account, this.collection(type.name, account).ids.filter((id) => !present.has(id)));
    }
    this.merge(type, account, answer.list);
    for (const id of answer.notFound ?? []) this.entry(type, account, id).status = 'missing';
    // A token may only be set when nothing older is held; otherwise /changes from the older one is still due.
    if (!this.state(type, account) || all) this.setState(type, account, answer.state);
    if (all) this.collection(type.name, account).loaded = true;
  }

  /** Lays server records over what is held; properties that did not come keep their value. */
  merge<T extends RecordWithId>(type: TypeDef<T>, account: string, records: T[], { save = true } = {}): void {
    if (!records.length) return;
    for (const record of records) {
      const entry = this.entry(type, account, record.id);
      // Kinds that are fetched with all they have: what does not come is not there any more.
      entry.server = type.follows ? record : { ...entry.server, ...record };
      entry.status = 'ready';
      entry.rebuild();
      if (save) this.save('records', recordKey(account, type.name, record.id), entry.server);
    }
    const collection = this.collection(type.name, account);
    if (type.whole || type.follows) {
      const known = new Set(collection.ids);
      const added = records.map((record) => record.id).filter((id) => !known.has(id));
      if (added.length) collection.ids = [...collection.ids, ...added];
    }
    this.emit({ type: type.name, account, ids: records.map((record) => record.id) });
  }

  remove(type: AnyType, account: string, ids: string[]): void {
    if (!ids.length) return;
    for (const id of ids) {
      const entry = this.entry(type, account, id);
      entry.server = undefined;
      entry.status = 'missing';
      entry.rebuild();
      this.save('records', recordKey(account, type.name, id), undefined);
    }
    const gone = new Set(ids);
    const collection = this.collection(type.name, account);
    if (collection.ids.some((id) => gone.has(id))) collection.ids = collection.ids.filter((id) => !gone.has(id));
    this.emit({ type: type.name, account, ids });
  }

  /** The outbox says which patches wait for a record; views see them at once. */
  setPatches(type: AnyType, account: string, id: string, patches: Patch[]): void {
    const entry = this.entry(type, account, id);
    entry.patch = patches.length ? joinPatches(patches) : undefined;
    entry.rebuild();
    this.emit({ type: type.name, account, ids: [id] });
  }

  /** The outbox tells that the server accepted a patch. */
  commit(type: AnyType, account: string, id: string, patch: Patch): void {
    const entry = this.entry<RecordWithId>(type, account, id);
    if (!entry.server) return;
    entry.server = applyPatch(entry.server, patch);
    this.save('records', recordKey(account, type.name, id), entry.server);
  }

  /** Ids of a kind that are in memory. */
  held(type: AnyType, account: string): string[] {
    const prefix = `${account}/${type.name}/`;
    return [...this.entries.entries()].filter(([key, entry]) => key.startsWith(prefix) && entry.server).map(([, entry]) => entry.id);
  }

  state(type: AnyType, account: string): string | undefined {
    return this.states.get(`${account}/${type.name}`);
  }

  setState(type: AnyType, account: string, state: string): void {
    this.states.set(`${account}/${type.name}`, state);
    this.save('states', `${account}/${type.name}`, state);
  }

  /** Called with each change of records, whoever made it. Returns the way to stop. */
  onChange(listener: (change: Change) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Brings whole kinds and state tokens back from the device, so that the first paint needs no network. */
  async wake(types: AnyType[], accounts: string[]): Promise<void> {
    for (const account of accounts) {
      const tokens = await this.db.getMany<string>('states', types.map((type) => `${account}/${type.name}`));
      for (const [index, type] of types.entries()) {
        const token = tokens[index];
        if (token) this.states.set(`${account}/${type.name}`, token);
        if (!type.whole || !token) continue;
        this.merge(type, account, await this.db.all('records', recordKey(account, type.name, '')), { save: false });
        this.collection(type.name, account).loaded = true;
      }
    }
  }

  /** Queues a write to the device; writes of 250 ms go in one transaction. */
  save(store: StoreName, key: string, value: unknown): void {
    this.unsaved.set(`${store} ${key}`, { store, key, value });
    this.saving ??= setTimeout(() => void this.flush(), 250);
  }

  async flush(): Promise<void> {
    clearTimeout(this.saving);
    this.saving = undefined;
    const changes = [...this.unsaved.values()];
    this.unsaved = new Map();
    await this.db.write(changes).catch(() => undefined); // a full disk must not stop the reader
  }

  /** Forgets what is not for the person any more, here and on the device: all of an account, or its records of one kind. */
  async forget(account: string, type?: AnyType): Promise<void> {
    const of = `${account}/${type?.name ?? ''}`;
    const within = (key: string) => key.startsWith(type ? `${of}/` : of);
    const gone = new Map<string, string[]>();
    for (const [key, entry] of this.entries) {
      if (!within(key)) continue;
      entry.server = entry.patch = undefined;
      entry.status = 'missing';
      entry.rebuild();
      gone.set(entry.type, [...(gone.get(entry.type) ?? []), entry.id]);
    }
    for (const [key, collection] of this.collections) {
      if (type ? key !== of : !within(key)) continue;
      collection.ids = [];
      collection.loaded = false;
    }
    for (const key of this.states.keys()) if (type ? key === of : within(key)) this.states.delete(key);
    for (const [name, ids] of gone) this.emit({ type: name, account, ids });
    await this.flush();
    await Promise.all([this.db.clear('records', type ? `${of}/` : of), this.db.clear('states', of), this.db.clear('queries', type ? `${of}?` : of)]);
  }

  /** What could not be had of an account may be there now: it is asked for when it is next looked at. */
  recall(account: string): void {
    for (const [key, entry] of this.entries) if (entry.status === 'missing' && key.startsWith(`${account}/`)) entry.status = 'empty';
  }

  /** Forgets everything in memory (sign-out). */
  clear(): void {
    for (const entry of this.entries.values()) {
      entry.server = entry.patch = undefined;
      entry.status = 'empty';
      entry.rebuild();
    }
    this.entries.clear();
    this.collections.clear();
    this.states.clear();
    this.unsaved.clear();
  }

  private collection(type: string, account: string): Collection {
    const key = `${account}/${type}`;
    let collection = this.collections.get(key);
    if (!collection) this.collections.set(key, (collection = unowned(() => new Collection())));
    return collection;
  }

  private emit(change: Change): void {
    for (const listener of this.listeners) listener(change);
  }
}

/**
 * Makes an object with `$state` fields so that the reaction under way follows them: a reaction does not
 * follow what it makes itself, and entries are often made by the first view that asks for a record.
 */
function unowned<T>(make: () => T): T {
  let made: T | undefined;
  const end = $effect.root(() => {
    made = make();
  });
  end();
  return made as T;
}

export function recordKey(account: string, type: string, id: string): string {
  return `${account}/${type}/${id}`;
}

export const store = new Store();
