/**
 * What is kept on the device (IndexedDB): records, queries, state tokens and the outbox. Each person who
 * signs in on this browser has a database of their own; signing out deletes it. Without IndexedDB (private
 * windows of some browsers) everything works from memory, and nothing is kept.
 */

const VERSION = 1;
const STORES = ['records', 'queries', 'states', 'outbox', 'meta'] as const;
export type StoreName = (typeof STORES)[number];

export class Db {
  private opening: Promise<IDBDatabase | null> | null = null;
  private name = '';

  /** Chooses whose database is used from now on. */
  use(person: string): void {
    if (this.name === `parvis-${person}`) return;
    void this.opening?.then((db) => db?.close());
    this.name = `parvis-${person}`;
    this.opening = openDatabase(this.name);
  }

  /** Forgets everything of the person in use. */
  async forget(): Promise<void> {
    const name = this.name;
    (await this.opening)?.close();
    this.opening = null;
    this.name = '';
    if (name && typeof indexedDB !== 'undefined') await done(indexedDB.deleteDatabase(name)).catch(() => undefined);
  }

  async get<T>(store: StoreName, key: string): Promise<T | undefined> {
    return (await this.getMany<T>(store, [key]))[0];
  }

  /** The values of keys in their order, undefined where there is none. */
  async getMany<T>(store: StoreName, keys: string[]): Promise<(T | undefined)[]> {
    const db = await this.opening;
    if (!db || !keys.length) return keys.map(() => undefined);
    const table = db.transaction(store).objectStore(store);
    return Promise.all(keys.map((key) => done(table.get(key) as IDBRequest<T | undefined>)));
  }

  /** All values whose key starts with a prefix, in the order of their keys. */
  async all<T>(store: StoreName, prefix = ''): Promise<T[]> {
    const db = await this.opening;
    if (!db) return [];
    const range = prefix ? IDBKeyRange.bound(prefix, `${prefix}\uffff`) : null;
    return done(db.transaction(store).objectStore(store).getAll(range) as IDBRequest<T[]>);
  }

  async count(store: StoreName): Promise<number> {
    const db = await this.opening;
    return db ? done(db.transaction(store).objectStore(store).count()) : 0;
  }

  /** Writes all changes, of several stores, in one transaction; a value of undefined deletes its key. */
  async write(changes: { store: StoreName; key: string; value: unknown }[]): Promise<void> {
    const db = await this.opening;
    if (!db || !changes.length) return;
    const transaction = db.transaction([...new Set(changes.map((change) => change.store))], 'readwrite');
    for (const { store, key, value } of changes) {
      const table = transaction.objectStore(store);
      if (value === undefined) table.delete(key);
      else table.put(value, key);
    }
    transaction.commit(); // without another turn through this page, which may be closing
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onerror = transaction.onabort = () => reject(transaction.error as Error);
    });
  }

  /** Empties a store, or the part of it whose keys start with a prefix. */
  async clear(store: StoreName, prefix = ''): Promise<void> {
    const db = await this.opening;
    if (!db) return;
    const table = db.transaction(store, 'readwrite').objectStore(store);
    await done(prefix ? table.delete(IDBKeyRange.bound(prefix, `${prefix}\uffff`)) : table.clear());
  }
}

function openDatabase(name: string): Promise<IDBDatabase | null> {
  if (typeof indexedDB === 'undefined') return Promise.resolve(null);
  const request = indexedDB.open(name, VERSION);
  request.onupgradeneeded = () => {
    for (const store of STORES) {
      if (!request.result.objectStoreNames.contains(store)) request.result.createObjectStore(store);
    }
  };
  return done(request).catch(() => null);
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error as Error);
  });
}

export const db = new Db();
