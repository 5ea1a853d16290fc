import { describe, expect, it } from 'vitest';
import type { JmapError } from '../src/kernel/jmap';
import { EmailType, MailboxType } from '../src/mail/types';
import { kernel, settle } from './kernel';

const ID = 'm1p0';

async function open() {
  const all = await kernel();
  await all.store.load(EmailType, 'A', [ID, 'm2p0']);
  const flagged = (id = ID) => !!all.store.peek(EmailType, 'A', id)?.keywords.$flagged;
  const onServer = (id = ID) => !!(all.fake.table('Email').rows.get(id)!.keywords as Record<string, true>).$flagged;
  return { ...all, flagged, onServer };
}
const STAR = { [ID]: { 'keywords/$flagged': true } };

describe('Outbox', () => {
  it('shows a change at once and sends it', async () => {
    const { outbox, flagged, onServer } = await open();
    const action = outbox.update(EmailType, 'A', STAR);
    expect(flagged()).toBe(true);
    expect(outbox.waiting).toBe(1);
    await action.done;
    expect(onServer()).toBe(true);
    expect(outbox.waiting).toBe(0);
  });
  it('takes over what the server changed beyond it', async () => {
    const { outbox, store, fake, flagged } = await open();
    fake.beyond = { subject: 'As the server has it' };
    await outbox.update(EmailType, 'A', STAR).done;
    expect(store.peek(EmailType, 'A', ID)?.subject).toBe('As the server has it');
    expect(flagged()).toBe(true);
  });
  it('takes a change back when the server refuses it, and can try again', async () => {
    const { outbox, fake, flagged, onServer } = await open();
    let again = () => undefined as void;
    let code = '';
    outbox.onRefused = (error: JmapError, retry) => {
      code = error.code;
      again = retry;
    };
    fake.refuse = 'forbidden';
    await expect(outbox.update(EmailType, 'A', STAR).done).rejects.toThrow();
    expect(code).toBe('forbidden');
    expect(flagged()).toBe(false);
    again();
    expect(flagged()).toBe(true);
    await settle();
    expect(onServer()).toBe(true);
  });
  it('keeps changes without a network, also over a reload, and sends them after', async () => {
    const first = await open();
    await first.store.flush();
    first.network(false);
    first.outbox.update(EmailType, 'A', STAR);
    await settle();
    expect(first.onServer()).toBe(false);
    first.outbox.clear();
    const second = await kernel({ fake: first.fake, person: first.person });
    await second.store.load(EmailType, 'A', [ID]);
    await second.outbox.wake(second.types);
    expect(second.outbox.waiting).toBe(1);
    expect(second.store.peek(EmailType, 'A', ID)?.keywords.$flagged).toBe(true);
    await settle();
    expect(first.onServer()).toBe(true);
    expect(second.outbox.waiting).toBe(0);
  });
  it('keeps what the server took with the word that it did, so that a page closed just then shows it when it opens', async () => {
    const first = await open();
    await first.store.flush();
    let left: boolean | undefined;
    const { db } = first;
    const write = db.write.bind(db);
    db.write = async (changes) => {
      await write(changes);
      const waits = (await db.count('outbox')) > 0;
      const record = await db.get<{ keywords: Record<string, true> }>('records', `A/Email/${ID}`);
      if (!waits) left ??= !!record?.keywords.$flagged;
    };
    await first.outbox.update(EmailType, 'A', STAR).done;
    await expect.poll(() => left).toBe(true);
  });
  it('undoes what was sent by the inverse, the latest first', async () => {
    const { outbox, flagged, onServer } = await open();
    await outbox.update(EmailType, 'A', STAR).done;
    await outbox.update(EmailType, 'A', { m2p0: { 'keywords/$flagged': null } }).done;
    expect(outbox.undoLast()).toBe(true);
    expect(flagged('m2p0')).toBe(true);
    expect(outbox.undoLast()).toBe(true);
    expect(outbox.undoLast()).toBe(false);
    await settle();
    expect(onServer()).toBe(false);
    expect(onServer('m2p0')).toBe(true);
  });
  it('drops what was not sent when it is undone', async () => {
    const { outbox, fake, flagged, network } = await open();
    network(false);
    const action = outbox.update(EmailType, 'A', STAR);
    action.undo();
    expect(flagged()).toBe(false);
    network(true);
    const before = fake.requests.length;
    await outbox.flush();
    expect(fake.requests).toHaveLength(before);
  });
  it('holds back what cannot be undone later', async () => {
    const { outbox, fake, store } = await open();
    const action = outbox.destroy(EmailType, 'A', [ID], { hold: 60_000 });
    await settle();
    expect(store.peek(EmailType, 'A', ID)?.mailboxIds).toEqual({});
    expect(fake.table('Email').rows.has(ID)).toBe(true);
    expect(action.undo()).toBe(true);
    expect(store.peek(EmailType, 'A', ID)?.mailboxIds).toEqual({ 'mb-in': true });
  });
  it('joins changes of one record into one update', async () => {
    const { outbox, fake } = await open();
    outbox.update(EmailType, 'A', STAR);
    outbox.update(EmailType, 'A', { [ID]: { 'keywords/$seen': true } });
    await settle();
    const sets = fake.requests.flat().filter(([name]) => name === 'Email/set');
    expect(sets).toHaveLength(1);
    expect(sets[0]![1].update).toEqual({ [ID]: { 'keywords/$flagged': true, 'keywords/$seen': true } });
  });
  it('creates under a temporary id and swaps it', async () => {
    const { outbox, store, sync } = await open();
    await sync.everything(['A']);
    const action = outbox.create(MailboxType, 'A', { name: 'Projets', parentId: null, role: null, sortOrder: 0 });
    expect(store.list(MailboxType, 'A').some((mailbox) => mailbox.id === action.temporary)).toBe(true);
    const [id] = await action.done;
    await settle();
    const made = store.list(MailboxType, 'A').filter((mailbox) => mailbox.name === 'Projets');
    expect(made.map((mailbox) => mailbox.id)).toEqual([id]);
  });
  it('sends calls together and refuses them together', async () => {
    const { outbox, fake } = await open();
    const good = outbox.calls([['Email/set', { accountId: 'A', update: STAR }], ['Mailbox/get', { accountId: 'A', ids: [] }]]);
    expect(await good.done).toHaveLength(2);
    fake.refuse = 'overQuota';
    await expect(outbox.calls([['Email/set', { accountId: 'A', update: STAR }]]).done).rejects.toMatchObject({ code: 'overQuota' });
  });
});
