import { describe, expect, it, vi } from 'vitest';
import { Db } from '../src/kernel/db';
import { JmapClient, type Invocation } from '../src/kernel/jmap';
import { Merged } from '../src/kernel/merged.svelte';
import { Query } from '../src/kernel/query.svelte';
import { Store } from '../src/kernel/store.svelte';
import { Sync } from '../src/kernel/sync';
import { EmailType, MailboxType, ThreadType, type Email } from '../src/mail/types';
import { sample } from './fake/sample';
import { settle } from './kernel';

let nth = 0;

/** Two accounts with the same ids for other messages, asked in one request as a real server is. */
async function open(counts = [200, 200], { down = '', db = new Db(), person = `merged-${++nth}` } = {}) {
  const fakes = { A: sample(counts[0], new Date('2026-11-22T12:00:00Z')), B: Object.assign(sample(counts[1], new Date('2026-11-22T13:30:00Z')), { account: 'B' }) };
  const requests: Invocation[][] = [];
  const client = new JmapClient(async (_url, init) => {
    const { methodCalls } = JSON.parse(init!.body as string) as { methodCalls: Invocation[] };
    requests.push(methodCalls);
    if (methodCalls.some(([, args]) => down.includes(args.accountId as string))) throw new TypeError('no network');
    const answers = await Promise.all(Object.entries(fakes).map(async ([account, fake]) => {
      const own = methodCalls.filter(([, args]) => args.accountId === account);
      const answer = await fake.fetch('/jmap/api', { body: JSON.stringify({ methodCalls: own }) });
      return ((await answer.json()) as { methodResponses: Invocation[] }).methodResponses;
    }));
    return Response.json({ methodResponses: answers.flat(), sessionState: 'x' });
  });
  const session = fakes.A.session();
  client.session = { ...session, accounts: { ...session.accounts, ...fakes.B.session().accounts } } as never;
  db.use(person);
  const store = new Store(client, db);
  const sync = new Sync(client, store);
  sync.register(MailboxType, ThreadType, EmailType);
  const parts = ['A', 'B'].map((account) => new Query<Email>(
    { type: EmailType, account, filter: { inMailbox: 'mb-in' }, sort: [{ property: 'receivedAt', isAscending: false }], args: { collapseThreads: true }, matches: (email) => 'mb-in' in email.mailboxIds },
    client, store, db, sync,
  ));
  const list = new Merged(parts, client, store);
  await list.start();
  const timeAt = (row: number) => store.entry(EmailType, list.accountAt(row)!, list.idAt(row)!).server!.receivedAt;
  return { fakes, list, parts, store, sync, db, person, requests, timeAt };
}

/** All rows of both accounts, newest first, as the two servers have them. */
function truth(fakes: Awaited<ReturnType<typeof open>>['fakes']): string[] {
  const newest = Object.values(fakes).flatMap((fake) => {
    const threads = new Map<unknown, string>();
    for (const row of fake.table('Email').rows.values()) {
      const at = row.receivedAt as string;
      if ((row.mailboxIds as Record<string, true>)['mb-in'] && at > (threads.get(row.threadId) ?? '')) threads.set(row.threadId, at);
    }
    return [...threads.values()];
  });
  return newest.sort().reverse();
}

describe('Merged', () => {
  it('shows the first pages of all accounts as one list, newest first, with one request each', async () => {
    const { fakes, list, requests, timeAt } = await open();
    const all = truth(fakes);
    expect(requests.filter((calls) => calls.some(([name]) => name === 'Email/query'))).toHaveLength(2);
    expect(list.length).toBe(all.length);
    expect(Array.from({ length: 50 }, (_none, row) => timeAt(row))).toEqual(all.slice(0, 50));
    expect(new Set(Array.from({ length: 50 }, (_none, row) => list.accountAt(row)))).toEqual(new Set(['A', 'B']));
    expect(list.idAt(150)).toBeUndefined();
  });
  it('loads on as one moves on', async () => {
    const { fakes, list, timeAt } = await open();
    list.look(90, 110);
    await vi.waitFor(() => expect(list.idAt(109)).toBeDefined());
    expect(Array.from({ length: 110 }, (_none, row) => timeAt(row))).toEqual(truth(fakes).slice(0, 110));
  });
  it('goes far down without loading what is between', async () => {
    const { fakes, list, requests, timeAt } = await open([1_200, 800]);
    const all = truth(fakes);
    for (const row of [1_500, all.length - 20, 700]) {
      list.look(row, row + 20);
      await vi.waitFor(() => expect(list.idAt(row + 19)).toBeDefined(), 4_000);
      expect(Array.from({ length: 20 }, (_none, n) => timeAt(row + n))).toEqual(all.slice(row, row + 20));
    }
    expect(list.idAt(300)).toBeUndefined();
    const pages = requests.flat().filter(([name, args]) => name === 'Email/query' && args.limit === 50);
    expect(pages.length).toBeLessThan(24);
  });
  it('takes in what arrives and what leaves, wherever one is', async () => {
    const { fakes, list, store, sync, timeAt } = await open([1_200, 800]);
    list.look(1_000, 1_020);
    await vi.waitFor(() => expect(list.idAt(1_019)).toBeDefined(), 4_000);
    const table = fakes.B.table('Email');
    store.setState(EmailType, 'B', table.state);
    table.put({ ...table.rows.get('m0p0')!, id: 'fresh', threadId: 't-fresh', receivedAt: '2027-01-01T00:00:00Z' });
    await sync.changed({ B: { Email: table.state } });
    const all = truth(fakes);
    expect([list.idAt(0), list.accountAt(0)]).toEqual(['fresh', 'B']);
    expect(list.length).toBe(all.length);
    await vi.waitFor(() => expect(list.idAt(1_019)).toBeDefined(), 4_000);
    expect(timeAt(1_010)).toBe(all[1_010]);
    store.setPatches(EmailType, 'B', 'fresh', [{ 'mailboxIds/mb-in': null }]);
    expect(list.idAt(0)).not.toBe('fresh');
    expect(list.length).toBe(all.length - 1);
  });
  it('shows the others when one account cannot be reached', async () => {
    const { list } = await open([60, 60], { down: 'B' });
    expect(list.status).toBe('ready');
    expect(list.accountAt(0)).toBe('A');
    expect(list.length).toBeGreaterThan(0);
  });
  it('comes back from the device without a network', async () => {
    const first = await open([60, 60]);
    await first.store.flush();
    await settle();
    const again = await open([0, 0], { down: 'AB', db: first.db, person: first.person });
    expect(again.list.length).toBe(first.list.length);
    expect(again.timeAt(3)).toBe(first.timeAt(3));
  });
});
