/** A kernel of its own for each test: store, sync, outbox and database against the fake server. */
import 'fake-indexeddb/auto';
import { Db } from '../src/kernel/db';
import { JmapClient } from '../src/kernel/jmap';
import { Outbox } from '../src/kernel/outbox.svelte';
import { Query, type QuerySpec } from '../src/kernel/query.svelte';
import { Store } from '../src/kernel/store.svelte';
import { Sync } from '../src/kernel/sync';
import { EmailBodyType, EmailType, MailboxType, ThreadType, type Email } from '../src/mail/types';
import type { FakeJmap } from './fake/jmap';
import { sample } from './fake/sample';

let nth = 0;

export async function kernel(options: { fake?: FakeJmap; person?: string; count?: number; offline?: boolean } = {}) {
  const fake = options.fake ?? sample(options.count ?? 130, new Date('2026-11-22T12:00:00Z'));
  let offline = options.offline ?? false;
  const client = new JmapClient(async (url, init) => {
    if (offline) throw new TypeError('no network');
    return fake.fetch(url, init);
  });
  client.session = fake.session() as never;
  const db = new Db();
  const person = options.person ?? `test-${++nth}`;
  db.use(person);
  const store = new Store(client, db);
  const sync = new Sync(client, store);
  sync.register(MailboxType, ThreadType, EmailType);
  const outbox = new Outbox(client, store, db, sync);
  const query = (extra: Partial<QuerySpec<Email>> = {}) =>
    new Query<Email>(
      { type: EmailType, account: 'A', filter: { inMailbox: 'mb-in' }, sort: [{ property: 'receivedAt', isAscending: false }], args: { collapseThreads: true }, matches: (email) => 'mb-in' in email.mailboxIds, ...extra },
      client, store, db, sync,
    );
  return { fake, client, db, store, sync, outbox, query, person, types: [MailboxType, ThreadType, EmailType, EmailBodyType], network: (on: boolean) => (offline = !on) };
}

/** Lets microtasks, timers of no delay and IndexedDB run. */
export async function settle(rounds = 12): Promise<void> {
  for (let n = 0; n < rounds; n++) await new Promise((resolve) => setTimeout(resolve));
}
