/** A small JMAP server in memory, for unit tests and for drawing screens without the real one. Not complete. */
import { applyPatch, type Patch } from '../../src/kernel/patch';
import type { Invocation } from '../../src/kernel/jmap';

type Row = Record<string, unknown> & { id: string };
type Args = Record<string, unknown>;

class Table {
  rows = new Map<string, Row>();
  log: { id: string; kind: 'created' | 'updated' | 'destroyed' }[] = [];
  get state(): string {
    return `s${this.log.length}`;
  }
  put(row: Row): void {
    this.log.push({ id: row.id, kind: this.rows.has(row.id) ? 'updated' : 'created' });
    this.rows.set(row.id, row);
  }
  drop(id: string): void {
    this.rows.delete(id);
    this.log.push({ id, kind: 'destroyed' });
  }
}

export class FakeJmap {
  tables: Record<string, Table> = {};
  /** Set to make the next Foo/set refuse everything with this type. */
  refuse = '';
  /** What every update changes beyond what was asked, as a server may. */
  beyond: Patch | null = null;
  /** Requests seen, for tests. */
  requests: Invocation[][] = [];
  onChange: (type: string, state: string) => void = () => undefined;
  private snapshots = new Map<string, string[]>();
  private next = 1;

  constructor(readonly account = 'A') {
    for (const name of ['Mailbox', 'Email', 'Thread', 'Identity', 'Preferences']) this.tables[name] = new Table();
  }

  table(name: string): Table {
    return (this.tables[name] ??= new Table());
  }

  session() {
    const mail = { 'urn:ietf:params:jmap:core': { maxObjectsInGet: 500, maxObjectsInSet: 500, maxCallsInRequest: 32 }, 'urn:ietf:params:jmap:mail': {}, 'urn:ietf:params:jmap:submission': {}, 'urn:parvis:preferences': {} };
    return {
      capabilities: mail,
      accounts: { [this.account]: { name: 'claire.legoff@rennes.example', isPersonal: true, isReadOnly: false, accountCapabilities: mail } },
      primaryAccounts: Object.fromEntries(Object.keys(mail).map((name) => [name, this.account])),
      username: 'claire.legoff@rennes.example',
      apiUrl: '/jmap/api',
      downloadUrl: '/jmap/download/{accountId}/{blobId}/{name}?type={type}',
      uploadUrl: '/jmap/upload/{accountId}/',
      eventSourceUrl: '/jmap/events?types={types}&closeafter={closeafter}&ping={ping}',
      state: 'x',
    };
  }

  /** For `new JmapClient(fake.fetch)`. */
  fetch = async (url: string, init?: RequestInit): Promise<Response> => {
    if (url.includes('well-known')) return Response.json(this.session());
    const { methodCalls } = JSON.parse(init!.body as string) as { methodCalls: Invocation[] };
    return Response.json({ methodResponses: this.handle(methodCalls), sessionState: 'x' });
  };

  handle(calls: Invocation[]): Invocation[] {
    this.requests.push(calls);
    const done: Invocation[] = [];
    for (const [name, args, id] of calls) {
      try {
        done.push([name, this.run(name, resolve(args, done)), id]);
      } catch (error) {
        done.push(['error', { type: (error as Error).message }, id]);
      }
    }
    return done;
  }

  private run(name: string, args: Args): Args {
    const [type = '', verb = ''] = name.split('/');
    const table = this.table(type);
    if (verb === 'get') return this.get(table, args);
    if (verb === 'changes') return this.changes(table, args);
    if (verb === 'set') return this.set(type, table, args);
    if (verb === 'query') return this.query(table, args);
    if (verb === 'queryChanges') return this.queryChanges(table, args);
    throw new Error('unknownMethod');
  }

  private get(table: Table, { ids, properties }: Args): Args {
    const wanted = (ids as string[] | null) ?? [...table.rows.keys()];
    const list = [...new Set(wanted)].map((id) => table.rows.get(id)).filter((row) => row !== undefined);
    const pick = (row: Row) => properties ? Object.fromEntries(['id', ...(properties as string[])].filter((key) => key in row).map((key) => [key, row[key]])) : row;
    return { accountId: this.account, state: table.state, list: list.map(pick), notFound: wanted.filter((id) => !table.rows.has(id)) };
  }

  private changes(table: Table, { sinceState }: Args): Args {
    const since = Number(String(sinceState).slice(1));
    if (Number.isNaN(since) || since > table.log.length) throw new Error('cannotCalculateChanges');
    const kinds = new Map<string, string>();
    for (const { id, kind } of table.log.slice(since)) kinds.set(id, kinds.get(id) === 'created' && kind === 'updated' ? 'created' : kind);
    const of = (kind: string) => [...kinds].filter(([, value]) => value === kind).map(([id]) => id);
    return { oldState: sinceState, newState: table.state, hasMoreChanges: false, created: of('created'), updated: of('updated'), destroyed: of('destroyed') };
  }

  private set(type: string, table: Table, args: Args): Args {
    const oldState = table.state;
    const result: Record<string, Record<string, unknown>> = { created: {}, updated: {}, notUpdated: {}, notCreated: {}, notDestroyed: {} };
    const destroyed: string[] = [];
    for (const [key, record] of Object.entries((args.create ?? {}) as Record<string, Args>)) {
      const id = `${type[0]!.toLowerCase()}${this.next++}n`;
      table.put({ ...record, id });
      result.created![key] = { id };
    }
    for (const [id, patch] of Object.entries((args.update ?? {}) as Record<string, Patch>)) {
      const row = table.rows.get(id);
      if (this.refuse || !row) result.notUpdated![id] = { type: this.refuse || 'notFound' };
      else {
        table.put(applyPatch(row, patch) as Row);
        result.updated![id] = this.beyond;
      }
    }
    for (const id of (args.destroy ?? []) as string[]) {
      if (table.rows.has(id)) {
        table.drop(id);
        destroyed.push(id);
      } else result.notDestroyed![id] = { type: 'notFound' };
    }
    this.refuse = '';
    if (type === 'Email') this.recount();
    queueMicrotask(() => this.onChange(type, table.state));
    return { accountId: this.account, oldState, newState: table.state, ...result, destroyed };
  }

  recount(): void {
    const boxes = this.table('Mailbox');
    for (const box of [...boxes.rows.values()]) {
      const inside = [...this.table('Email').rows.values()].filter((mail) => (mail.mailboxIds as Record<string, true>)[box.id]);
      const unread = inside.filter((mail) => !(mail.keywords as Record<string, true>).$seen);
      const threads = new Set(unread.map((mail) => mail.threadId)).size;
      if (box.unreadEmails !== unread.length || box.totalEmails !== inside.length) {
        boxes.put({ ...box, unreadEmails: unread.length, totalEmails: inside.length, unreadThreads: threads, totalThreads: inside.length });
        queueMicrotask(() => this.onChange('Mailbox', boxes.state));
      }
    }
  }

  private matching(table: Table, { filter, collapseThreads }: Args): string[] {
    const rows = [...table.rows.values()].filter((row) => passes(row, filter as Args | null));
    rows.sort((a, b) => String(b.receivedAt).localeCompare(String(a.receivedAt)));
    const seen = new Set<unknown>();
    return rows.filter((row) => !collapseThreads || (!seen.has(row.threadId) && seen.add(row.threadId))).map((row) => row.id);
  }

  private query(table: Table, args: Args): Args {
    const ids = this.matching(table, args);
    const position = Number(args.position ?? 0);
    this.snapshots.set(this.key(table, args), ids);
    return { accountId: this.account, queryState: table.state, canCalculateChanges: true, position, ids: ids.slice(position, position + Number(args.limit ?? ids.length)), total: ids.length };
  }

  private queryChanges(table: Table, args: Args): Args {
    const old = this.snapshots.get(this.key(table, args, String(args.sinceQueryState)));
    if (!old) throw new Error('cannotCalculateChanges');
    const ids = this.matching(table, args);
    this.snapshots.set(this.key(table, args), ids);
    const now = new Set(ids);
    const before = new Set(old);
    return {
      oldQueryState: args.sinceQueryState,
      newQueryState: table.state,
      total: ids.length,
      removed: old.filter((id) => !now.has(id)),
      added: ids.map((id, index) => ({ id, index })).filter(({ id }) => !before.has(id)),
    };
  }

  private key(table: Table, { filter, collapseThreads }: Args, state = table.state): string {
    return JSON.stringify([state, filter, collapseThreads]);
  }
}

function passes(row: Row, filter: Args | null): boolean {
  if (!filter) return true;
  if (filter.operator) {
    const parts = (filter.conditions as Args[]).map((part) => passes(row, part));
    return filter.operator === 'AND' ? parts.every(Boolean) : filter.operator === 'OR' ? parts.some(Boolean) : !parts.some(Boolean);
  }
  const keywords = (row.keywords ?? {}) as Record<string, true>;
  const boxes = (row.mailboxIds ?? {}) as Record<string, true>;
  return Object.entries(filter).every(([name, value]) => {
    if (name === 'inMailbox') return boxes[value as string];
    if (name === 'inMailboxOtherThan') return Object.keys(boxes).some((id) => !(value as string[]).includes(id));
    if (name === 'hasKeyword') return keywords[value as string];
    if (name === 'notKeyword') return !keywords[value as string];
    if (name === 'hasAttachment') return row.hasAttachment === value;
    if (name === 'after') return Date.parse(row.receivedAt as string) >= Date.parse(value as string);
    return JSON.stringify(row).toLowerCase().includes(String(value).toLowerCase());
  });
}

/** RFC 8620 §3.7. */
function resolve(args: Args, done: Invocation[]): Args {
  return Object.fromEntries(
    Object.entries(args).map(([name, value]) => {
      if (!name.startsWith('#')) return [name, value];
      const { resultOf, path } = value as { resultOf: string; path: string };
      const answer = done.find((call) => call[2] === resultOf)?.[1];
      return [name.slice(1), path.slice(1).split('/').reduce(step, answer as unknown)];
    }),
  );
}

function step(node: unknown, name: string): unknown {
  if (name.startsWith('*') || !Array.isArray(node)) return name === '*' ? node : (node as Args)[name];
  return node.flatMap((item) => step(item, name));
}
