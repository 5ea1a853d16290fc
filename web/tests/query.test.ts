import { describe, expect, it, vi } from 'vitest';
import { EmailType } from '../src/mail/types';
import { kernel, settle } from './kernel';

async function open(count?: number) {
  const all = await kernel({ count });
  const query = all.query();
  await query.start();
  return { ...all, list: query, ids: () => Array.from({ length: query.length }, (_none, row) => query.idAt(row)) };
}

describe('Query', () => {
  it('fetches the first page with its rows in one request, and the rest when it is looked at', async () => {
    const { fake, list } = await open(300);
    expect(list.length).toBe(300);
    expect(fake.requests).toHaveLength(1);
    expect(list.idAt(0)).toBeDefined();
    expect(list.idAt(200)).toBeUndefined();
    list.ensure(195, 210);
    await settle();
    expect(list.idAt(200)).toBeDefined();
    expect(list.idAt(120)).toBeUndefined();
  });
  it('fetches ahead of who moves on, and nothing of what is flown over', async () => {
    const { fake, list } = await open(600);
    list.look(0, 20);
    list.look(15, 35);
    await settle();
    expect(list.idAt(70)).toBeDefined();
    list.look(200, 220);
    list.look(400, 420);
    await vi.waitFor(() => expect(list.idAt(410)).toBeDefined());
    expect(list.idAt(210)).toBeUndefined();
    const pages = fake.requests.flat().filter(([name]) => name === 'Email/query').map(([, args]) => args.position);
    expect(pages).toEqual([0, 50, 350, 400, 450]);
  });
  it('hides a row at once when its record no longer belongs, and shows it again', async () => {
    const { list, store } = await open();
    const second = list.idAt(1)!;
    store.setPatches(EmailType, 'A', second, [{ 'mailboxIds/mb-in': null }]);
    expect(list.length).toBe(129);
    expect(list.idAt(1)).not.toBe(second);
    expect(list.rowOf(second)).toBe(-1);
    store.setPatches(EmailType, 'A', second, []);
    expect(list.idAt(1)).toBe(second);
    expect(list.length).toBe(130);
  });
  it('takes in changes by queryChanges: new on top, gone away', async () => {
    const { fake, list, sync, store, ids } = await open();
    store.setState(EmailType, 'A', fake.table('Email').state);
    const table = fake.table('Email');
    const top = table.rows.get(list.idAt(0)!)!;
    table.put({ ...top, id: 'fresh', threadId: 't-fresh', receivedAt: '2027-01-01T00:00:00Z' });
    const gone = list.idAt(3)!;
    table.drop(gone);
    await sync.changed({ A: { Email: table.state } });
    expect(list.idAt(0)).toBe('fresh');
    expect(ids()).not.toContain(gone);
    expect(list.length).toBe(130);
    expect(fake.requests.at(-1)!.some(([name]) => name === 'Email/queryChanges')).toBe(true);
  });
  it('fetches anew the part behind a change it could not place', async () => {
    const { fake, list, sync, store } = await open(300);
    store.setState(EmailType, 'A', fake.table('Email').state);
    list.ensure(200, 240);
    await settle();
    fake.table('Email').drop('m120p0'); // in a part that was never here
    await sync.changed({ A: { Email: fake.table('Email').state } });
    expect(list.length).toBe(299);
    expect(list.idAt(10)).toBeDefined();
    expect(list.idAt(210)).toBeUndefined();
    list.ensure(200, 210);
    await settle();
    expect(list.idAt(205)).toBeDefined();
  });
  it('asks again from the start when changes cannot be calculated', async () => {
    const { fake, list } = await open();
    (fake as unknown as { snapshots: Map<string, string[]> }).snapshots.clear();
    fake.table('Email').drop(list.idAt(3)!);
    await list.refresh();
    expect(list.length).toBe(129);
  });
  it('shows what the device keeps when there is no network', async () => {
    const first = await open();
    await settle();
    await first.store.flush();
    const second = await kernel({ fake: first.fake, person: first.person, offline: true });
    const query = second.query();
    await query.start();
    expect(query.length).toBe(130);
    expect(second.store.peek(EmailType, 'A', query.idAt(0)!)?.subject).toBeTruthy();
    expect(query.error?.code).toBe('offline');
  });
  it('asks for what changed when it is refreshed before the device has answered', async () => {
    const first = await open();
    await settle();
    await first.store.flush();
    const second = await kernel({ fake: first.fake, person: first.person });
    const before = first.fake.requests.length;
    const query = second.query();
    await Promise.all([query.start(), query.refresh()]);
    const asked = first.fake.requests.slice(before).flatMap((calls) => calls.map(([name]) => name));
    expect(asked).toContain('Email/queryChanges');
    expect(asked).not.toContain('Email/query');
  });

  it('hides what is on its way out, also where nothing says what belongs', async () => {
    const { query, outbox, store } = await kernel();
    const list = query({ matches: undefined });
    await list.start();
    const [first, second] = [list.idAt(0)!, list.idAt(1)!];
    const action = outbox.destroy(EmailType, 'A', [first], { hold: 60_000 });
    expect(list.idAt(0)).toBe(second);
    action.undo();
    expect(list.idAt(0)).toBe(first);
    expect(store.peek(EmailType, 'A', first)).toBeDefined();
  });
});
