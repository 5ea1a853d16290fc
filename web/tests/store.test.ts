import { describe, expect, it } from 'vitest';
import { applyPatch, invertPatch, joinPatches } from '../src/kernel/patch';
import { EmailBodyType, EmailType, MailboxType } from '../src/mail/types';
import { kernel, settle } from './kernel';

describe('patches', () => {
  const mail = { id: 'a', keywords: { $seen: true, 'a/b': true }, mailboxIds: { in: true }, name: 'x' };
  it('set and remove by pointer without touching the rest', () => {
    const next = applyPatch(mail, { 'keywords/$flagged': true, 'keywords/a~1b': null, 'mailboxIds/in': null });
    expect(next).toEqual({ id: 'a', keywords: { $seen: true, $flagged: true }, mailboxIds: {}, name: 'x' });
    expect(mail.keywords).toEqual({ $seen: true, 'a/b': true });
  });
  it('are undone by their inverse', () => {
    for (const patch of [{ 'keywords/$flagged': true }, { 'keywords/$seen': null }, { mailboxIds: { bin: true } }, { name: 'y' }]) {
      expect(applyPatch(applyPatch(mail, patch as never), invertPatch(mail, patch as never))).toEqual(mail);
    }
  });
  it('joined do what they do one after the other', () => {
    const one = { 'mailboxIds/in': null, 'keywords/$flagged': true };
    const two = { mailboxIds: { bin: true }, 'keywords/$flagged': null };
    const three = { 'mailboxIds/bin': null, 'mailboxIds/in': true };
    const each = applyPatch(applyPatch(applyPatch(mail, one as never), two as never), three as never);
    expect(applyPatch(mail, joinPatches([one, two, three] as never))).toEqual(each);
  });
});

describe('Store', () => {
  it('fetches what is read together in one call', async () => {
    const { fake, store } = await kernel();
    for (const id of ['m0p0', 'm1p0', 'm2p0', 'm1p0']) expect(store.read(EmailType, 'A', id)).toBeUndefined();
    await settle();
    expect(store.peek(EmailType, 'A', 'm1p0')?.subject).toContain('Budget');
    expect(fake.requests).toHaveLength(1);
    expect(fake.requests[0]![0]![1].ids).toHaveLength(3);
  });
  it('reads from the device before the network, and keeps bodies apart from rows', async () => {
    const first = await kernel();
    first.store.read(EmailBodyType, 'A', 'm1p0');
    await settle();
    await first.store.flush();
    const second = await kernel({ fake: first.fake, person: first.person, offline: true });
    second.store.read(EmailBodyType, 'A', 'm1p0');
    await settle();
    expect(second.store.peek(EmailBodyType, 'A', 'm1p0')?.bodyValues['1']?.value).toContain('Bonjour');
  });
  it('forgets what was withdrawn here and on the device, and asks for it anew when it was given again', async () => {
    const { fake, store, db, sync } = await kernel();
    store.read(EmailType, 'A', 'm1p0');
    store.read(EmailBodyType, 'A', 'm1p0');
    await sync.everything(['A']);
    await settle();
    await store.flush();
    expect((await db.all('records', 'A/')).length).toBeGreaterThan(2);
    await store.forget('A', EmailType);
    expect(store.peek(EmailType, 'A', 'm1p0')).toBeUndefined();
    expect(store.peek(EmailBodyType, 'A', 'm1p0')).toBeDefined();
    expect(await db.all('records', 'A/Email/')).toEqual([]);
    await store.forget('A');
    expect(store.list(MailboxType, 'A')).toEqual([]);
    expect([...(await db.all('records', 'A/')), ...(await db.all('states', 'A/')), ...(await db.all('queries', 'A/'))]).toEqual([]);
    const asked = fake.requests.length;
    store.read(EmailType, 'A', 'm1p0');
    await settle();
    expect(fake.requests).toHaveLength(asked);
    store.recall('A');
    store.read(EmailType, 'A', 'm1p0');
    await settle();
    expect(store.peek(EmailType, 'A', 'm1p0')).toBeDefined();
  });
  it('says missing for what the server does not know, and empty again when it could not ask', async () => {
    const { store, network } = await kernel();
    store.read(EmailType, 'A', 'nothing');
    await settle();
    expect(store.entry(EmailType, 'A', 'nothing').status).toBe('missing');
    network(false);
    store.read(EmailType, 'A', 'm5p0');
    await settle();
    expect(store.entry(EmailType, 'A', 'm5p0').status).toBe('empty');
  });
});

describe('Sync', () => {
  it('takes in what others changed, created and destroyed', async () => {
    const { fake, store, sync } = await kernel();
    await sync.everything(['A']);
    expect(store.list(MailboxType, 'A')).toHaveLength(9);
    fake.table('Mailbox').put({ ...fake.table('Mailbox').rows.get('mb-fa')!, name: 'Invoices' });
    fake.table('Mailbox').put({ ...fake.table('Mailbox').rows.get('mb-fa')!, id: 'mb-x', name: 'New' });
    fake.table('Mailbox').drop('mb-ju2');
    await sync.changed({ A: { Mailbox: fake.table('Mailbox').state } });
    const names = store.list(MailboxType, 'A').map((mailbox) => mailbox.name);
    expect(names).toContain('Invoices');
    expect(names).toContain('New');
    expect(names).not.toContain('Huế');
  });
  it('asks nothing when the state is the one it has', async () => {
    const { fake, sync } = await kernel();
    await sync.everything(['A']);
    const before = fake.requests.length;
    await sync.changed({ A: { Mailbox: fake.table('Mailbox').state } });
    expect(fake.requests).toHaveLength(before);
  });
  it('starts anew when the server cannot calculate changes', async () => {
    const { fake, store, sync } = await kernel();
    await sync.everything(['A']);
    store.setState(MailboxType, 'A', 'lost');
    fake.table('Mailbox').drop('mb-fa');
    await sync.bring(MailboxType, 'A');
    expect(store.list(MailboxType, 'A').map((mailbox) => mailbox.id)).not.toContain('mb-fa');
    expect(store.state(MailboxType, 'A')).toBe(fake.table('Mailbox').state);
  });
  it('wakes whole kinds from the device', async () => {
    const first = await kernel();
    await first.sync.everything(['A']);
    await first.store.flush();
    const second = await kernel({ fake: first.fake, person: first.person, offline: true });
    await second.store.wake(second.types, ['A']);
    expect(second.store.list(MailboxType, 'A')).toHaveLength(9);
  });
});
