/**
 * The chat as a program of others uses it: matrix-js-sdk with the encryption of matrix-rust-sdk, two people and a second device.
 * What is held here is what Element, Cinny and bots on the same library need.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CryptoEvent, VerificationPhase, VerifierEvent } from 'matrix-js-sdk/lib/crypto-api/index.js';
import { person } from './harness.mjs';
import { come, device, devices, heard, proved } from './peer.mjs';

const [mine, theirs] = [person('vi'), person('vi', 1)]; // whose keys no other test makes

/** Two devices show one another the same seven signs, and both people say so. */
async function compared(one, other, request) {
  const asked = new Promise((resolve) => other.once(CryptoEvent.VerificationRequestReceived, resolve));
  const here = await request();
  const there = await asked;
  await there.accept();
  await come('ready to compare', () => here.phase === VerificationPhase.Ready);
  const signs = [];
  const run = (verifier) => {
    verifier.on(VerifierEvent.ShowSas, async ({ sas, confirm }) => {
      signs.push(sas.emoji.map(([sign]) => sign).join(''));
      await come('both shown', () => signs.length === 2);
      await confirm();
    });
    return verifier.verify();
  };
  const first = run(await here.startVerification('m.sas.v1'));
  await Promise.all([first, run(await come('the other side begins', () => there.verifier))]);
  assert.equal(signs[0], signs[1]);
}

let ann;
let bob;
let room;
let first;
before(async () => ([ann, bob] = [await device(mine, 'Desk'), await device(theirs, 'Desk')]));
after(() => {
  for (const one of devices) one.stopClient();
  setTimeout(() => process.exit(), 1000).unref(); // timers of the library would hold the process for two minutes
});

test('keys are signed and backed up', async () => {
  const crypto = ann.getCrypto();
  await crypto.bootstrapCrossSigning({ authUploadDeviceSigningKeys: proved(mine) });
  await crypto.bootstrapSecretStorage({ createSecretStorageKey: () => crypto.createRecoveryKeyFromPassphrase(), setupNewSecretStorage: true, setupNewKeyBackup: true });
  await bob.getCrypto().bootstrapCrossSigning({ authUploadDeviceSigningKeys: proved(theirs) });
  assert.ok((await crypto.isCrossSigningReady()) && (await crypto.isSecretStorageReady()));
  await come('the backup', () => crypto.getActiveSessionBackupVersion());
});

test('what is said in an encrypted room is read by the other, both ways', async () => {
  const content = { algorithm: 'm.megolm.v1.aes-sha2' };
  const encryption = { type: 'm.room.encryption', state_key: '', content };
  room = (await ann.createRoom({ name: 'Secret', preset: 'private_chat', invite: [bob.getUserId()], initial_state: [encryption] })).room_id;
  await come('the invitation', () => bob.getRoom(room)?.getMyMembership() === 'invite');
  await bob.joinRoom(room);
  await come('the guest', () => ann.getRoom(room).getJoinedMemberCount() === 2);
  await ann.sendTextMessage(room, 'Xin chào!');
  const event = await heard(bob, room, 'Xin chào!');
  assert.ok(event.isEncrypted());
  first = event.getId();
  await bob.sendTextMessage(room, 'Bonjour !');
  await heard(ann, room, 'Bonjour !');
});

test('reactions, edits, threads, redactions, receipts, counts and typing arrive', async () => {
  const [here, there] = [ann.getRoom(room), bob.getRoom(room)];
  await bob.sendEvent(room, 'm.reaction', { 'm.relates_to': { rel_type: 'm.annotation', event_id: first, key: '👍' } });
  await come('the reaction', () => here.relations.getChildEventsForEvent(first, 'm.annotation', 'm.reaction')?.getRelations().length);
  const edited = { msgtype: 'm.text', body: 'Xin chào, Bob!' };
  await ann.sendMessage(room, { ...edited, 'm.new_content': edited, 'm.relates_to': { rel_type: 'm.replace', event_id: first } });
  await come('the edit', () => there.findEventById(first).getContent().body === edited.body);
  await bob.sendMessage(room, { msgtype: 'm.text', body: 'aside', 'm.relates_to': { rel_type: 'm.thread', event_id: first } });
  await come('the thread', () => here.getThread(first)?.events.some((one) => one.getContent().body === 'aside'));
  const { event_id: gone } = await bob.sendTextMessage(room, 'oops');
  await heard(ann, room, 'oops');
  await bob.redactEvent(room, gone);
  await come('the redaction', () => here.findEventById(gone).isRedacted());
  const { event_id: last } = await bob.sendTextMessage(room, 'read me');
  const event = await heard(ann, room, 'read me');
  await come('a count', () => here.getUnreadNotificationCount('total') > 0);
  await ann.sendReadReceipt(event);
  await come('no count', () => here.getUnreadNotificationCount('total') === 0);
  await come('the receipt', () => there.hasUserReadEvent(ann.getUserId(), last));
  await ann.sendTyping(room, true, 5000);
  await come('who types', () => there.getMember(ann.getUserId()).typing);
});

test('files go up and down, and only with the token', async () => {
  const { content_uri: uri } = await ann.uploadContent(Buffer.from('chữ'), { name: 'chữ.txt', type: 'text/plain' });
  const url = bob.mxcUrlToHttp(uri, undefined, undefined, undefined, false, true, true);
  const found = await fetch(url, { headers: { authorization: `Bearer ${bob.getAccessToken()}` } });
  assert.equal(await found.text(), 'chữ');
  assert.equal((await fetch(url)).status, 401);
});

test('a page is asked for in short, and the answer is that the administration has not allowed it', async () => {
  await assert.rejects(ann.getUrlPreview('https://example.org/', Date.now()), ({ errcode, httpStatus }) => errcode === 'M_NOT_FOUND' && httpStatus === 404);
});

test('a second device is verified by its owner, trusted by the other, and reads what was said before', async () => {
  await compared(ann, bob, () => ann.getCrypto().requestVerificationDM(bob.getUserId(), room));
  await come('both keys in the backup', async () => (await ann.http.authedRequest('GET', '/room_keys/version')).count >= 2);
  const phone = await device(mine, 'Phone');
  const known = async (who, id) => (await phone.getCrypto().getUserDeviceInfo([who])).get(who)?.has(id);
  await come('the first device', () => known(ann.getUserId(), ann.getDeviceId()));
  await compared(phone, ann, () => phone.getCrypto().requestOwnUserVerification());
  for (const one of [phone, bob]) {
    await come('trust', async () => (await one.getCrypto().getDeviceVerificationStatus(ann.getUserId(), phone.getDeviceId()))?.crossSigningVerified);
  }
  await come('the key of the backup', () => phone.getCrypto().getSessionBackupPrivateKey());
  await phone.getCrypto().checkKeyBackupAndEnable();
  const there = phone.getRoom(room);
  await phone.paginateEventTimeline(there.getLiveTimeline(), { backwards: true, limit: 50 });
  await come('the past', () => /Xin chào/.test(there.findEventById(first)?.getContent().body));
  await phone.logout(true);
  await come('one device less', async () => !(await bob.getCrypto().getUserDeviceInfo([ann.getUserId()], true)).get(ann.getUserId()).has(phone.getDeviceId()));
});
