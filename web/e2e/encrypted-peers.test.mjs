/** Encrypted rooms between our client and a program of others. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CryptoEvent, DecryptionFailureCode, VerificationPhase, VerifierEvent } from 'matrix-js-sdk/lib/crypto-api/index.js';
import { shown as codeOf } from './code.mjs';
import { chosen, DESKTOP, enter, launch, person, sound } from './harness.mjs';
import { come, device, devices, heard, proved } from './peer.mjs';

const NAME = `Hydrology ${Date.now() % 100_000}`;
const theirs = person('vi', 2);
let browser;
let page;
let bob;
let room;
const log = () => page.getByRole('log', { name: new RegExp(NAME) });
const article = (text) => log().getByRole('article').filter({ hasText: text });
const say = async (text) => {
  await page.getByRole('textbox', { name: /Write in/ }).fill(text);
  await page.keyboard.press('Enter');
};

before(async () => {
  browser = await launch();
  [page, bob] = await Promise.all([enter(browser, person('en')), device(theirs, 'Desk')]);
  await bob.getCrypto().bootstrapCrossSigning({ authUploadDeviceSigningKeys: proved(theirs) });
});
after(async () => {
  await browser.close();
  for (const one of devices) one.stopClient();
  setTimeout(() => process.exit(), 1000).unref();
});

test('what one says the other reads, both ways, with an edit and a file', async () => {
  await page.goto('/chat');
  await page.getByRole('button', { name: 'New conversation or room' }).click();
  await page.getByRole('menuitem', { name: 'New room' }).click();
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill(NAME);
  await page.getByRole('radio', { name: /Encrypted/ }).check();
  await page.getByRole('combobox', { name: 'Whom to invite' }).fill(theirs.address);
  await page.getByRole('dialog').getByRole('button', { name: new RegExp(theirs.address) }).click();
  await page.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('heading', { name: NAME }).waitFor();
  room = decodeURIComponent(new URL(page.url()).pathname.split('/')[2]);
  await come('the invitation', () => bob.getRoom(room)?.getMyMembership() === 'invite');
  await bob.joinRoom(room);
  await page.getByRole('textbox', { name: /Write in/ }).fill('Xin chào!');
  await page.keyboard.press('Enter');
  const event = await heard(bob, room, 'Xin chào!');
  assert.ok(event.isEncrypted());
  await bob.sendTextMessage(room, 'Bonjour à tous');
  await log().getByText('Bonjour à tous').waitFor();
  await log().getByRole('article').filter({ hasText: 'Xin chào!' }).focus();
  await page.keyboard.press('e');
  await page.getByRole('textbox', { name: /Write in/ }).fill('Xin chào, Bob!');
  await page.keyboard.press('Enter');
  await come('the edit', () => bob.getRoom(room).findEventById(event.getId()).getContent().body === 'Xin chào, Bob!');
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: 'Attach files' }).first().click()]);
  await chooser.setFiles({ name: 'plan.txt', mimeType: 'text/plain', buffer: Buffer.from('The plan.') });
  const file = (await heard(bob, room, 'plan.txt')).getContent().file;
  const stored = await fetch(bob.mxcUrlToHttp(file.url, undefined, undefined, undefined, false, true, true), { headers: { authorization: `Bearer ${bob.getAccessToken()}` } });
  const { Attachment, EncryptedAttachment, initAsync } = await import('@matrix-org/matrix-sdk-crypto-wasm');
  await initAsync();
  const { url: _url, ...opens } = file;
  assert.equal(Buffer.from(Attachment.decrypt(new EncryptedAttachment(new Uint8Array(await stored.arrayBuffer()), JSON.stringify(opens)))).toString(), 'The plan.');
});

test('a device that its owner has not confirmed is told of, and gets no key once only confirmed ones do', async () => {
  const loose = await device(theirs, 'Borrowed');
  const told = (text) => page.getByRole('status').filter({ hasText: text });
  await told('on a device that is not confirmed').waitFor();
  await sound(page, 'crypto-loose', DESKTOP);
  await say('For all your devices');
  await heard(loose, room, 'For all your devices');
  await loose.sendTextMessage(room, 'From a borrowed one');
  await article('From a borrowed one').getByRole('img', { name: 'Sent from a device that its owner has not confirmed' }).waitFor();
  const back = page.url();
  await told('on a device that is not confirmed').getByRole('link', { name: 'Choose who reads' }).click();
  const choice = (checked) => page.getByRole('switch', { name: 'Only confirmed devices', checked });
  await choice(false).click();
  await chosen(page, 'confirmedDevices', true);
  await page.goto(back);
  await told('cannot read what you say').waitFor();
  await say('For your own alone');
  const event = await heard(bob, room, 'For your own alone');
  const lost = await come('the event without its key', () => loose.getRoom(room).findEventById(event.getId())?.isDecryptionFailure() && loose.getRoom(room).findEventById(event.getId()));
  await come('why there is no key', () => lost.decryptionFailureReason === DecryptionFailureCode.MEGOLM_KEY_WITHHELD_FOR_UNVERIFIED_DEVICE);
  await loose.logout(true);
  await told('cannot read what you say').waitFor({ state: 'detached' });
  await page.goto('/settings/encryption');
  await choice(true).click();
  await chosen(page, 'confirmedDevices', false);
  await page.goto(back);
  await say('As before');
  await heard(bob, room, 'As before');
});

/** Begins to make sure of them in the page; they have said yes. */
async function begun() {
  const asked = new Promise((resolve) => bob.once(CryptoEvent.VerificationRequestReceived, resolve));
  await page.getByRole('button', { name: /^Actions/ }).first().click();
  await page.getByRole('menuitem', { name: /^Verify/ }).click();
  const request = await asked;
  await request.accept();
  return request;
}
async function trusted() {
  await page.getByRole('dialog').getByText(/^Verified/).waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
  const mine = bob.getRoom(room).getJoinedMembers().map(({ userId }) => userId).find((user) => user !== bob.getUserId());
  await come('their trust', async () => (await bob.getCrypto().getUserVerificationStatus(mine)).isCrossSigningVerified());
}

/** They scan our code off the screen, and we say that it was right. */
async function scanned(request) {
  const verified = (await request.scanQRCode(await codeOf(page, /^Your code/))).verify();
  await page.getByRole('button', { name: 'Yes, it is right' }).click();
  await verified;
}

test('who is in the room is asked for once as that is opened', async () => {
  let asked = 0;
  page.on('request', (request) => (asked += Number(request.url().endsWith('/members'))));
  await page.getByRole('button', { name: /Members|People/ }).first().click();
  await page.getByRole('button', { name: /^Actions/ }).first().waitFor();
  await say('Who is here?');
  await heard(bob, room, 'Who is here?');
  assert.equal(asked, 1);
});

test('they scan our code, and both are sure of each other', async () => {
  await scanned(await begun());
  await trusted();
});

const beginnings = { we: () => page.getByRole('button', { name: 'Compare signs instead' }).click(), they: (request) => request.startVerification('m.sas.v1') };
for (const [who, begin] of Object.entries(beginnings)) test(`both make sure of each other by seven signs that ${who} begin with`, async () => {
  const request = await begun();
  await begin(request);
  await come('the beginning', () => request.verifier);
  assert.equal(request.phase, VerificationPhase.Started);
  let shown;
  request.verifier.on(VerifierEvent.ShowSas, (sas) => (shown = sas));
  const verified = request.verifier.verify();
  await come('the signs', () => shown ?? request.verifier.getShowSasCallbacks());
  shown ??= request.verifier.getShowSasCallbacks();
  const signs = page.getByRole('list', { name: 'Seven signs' });
  await signs.waitFor();
  assert.deepEqual((await signs.locator('li span').allTextContents()), shown.sas.emoji.map(([sign]) => sign));
  await page.getByRole('button', { name: 'They are the same' }).click();
  await shown.confirm();
  await verified;
  await trusted();
});

const changed = () => page.getByRole('status').filter({ hasText: 'no longer the one you verified' });
const another = () => bob.getCrypto().bootstrapCrossSigning({ setupNewCrossSigning: true, authUploadDeviceSigningKeys: proved(theirs) });

test('nothing goes to somebody verified whose identity is another, until one has decided', async () => {
  await another();
  await changed().waitFor();
  await sound(page, 'crypto-identity-changed', DESKTOP);
  await say('Still you?');
  await article('Still you?').getByText(/^Held back: the identity of/).waitFor();
  await page.reload();
  await article('Still you?').getByText(/^Held back: the identity of/).waitFor();
  assert.equal(bob.getRoom(room).getLiveTimeline().getEvents().filter((one) => one.getContent().body === 'Still you?').length, 0);
  await changed().getByRole('button', { name: 'Accept without verifying' }).click();
  await changed().waitFor({ state: 'detached' });
  await heard(bob, room, 'Still you?');
  await article('Still you?').getByText(/^Held back/).waitFor({ state: 'detached' });
});

test('an identity that nobody had verified and is another now is told, and stops nothing', async () => {
  await another();
  const told = page.getByRole('status').filter({ hasText: 'has a new identity' });
  await told.waitFor();
  await say('Hello again');
  await heard(bob, room, 'Hello again');
  await told.getByRole('button', { name: 'Accept' }).click();
  await told.waitFor({ state: 'detached' });
});

test('who is another now is verified anew, which lets go what was held', async () => {
  await scanned(await begun());
  await trusted();
  await another();
  await changed().waitFor();
  await say('For you alone');
  await article('For you alone').getByText(/^Held back/).waitFor();
  const asked = new Promise((resolve) => bob.once(CryptoEvent.VerificationRequestReceived, resolve));
  await changed().getByRole('button', { name: 'Verify', exact: true }).click();
  const request = await asked;
  await request.accept();
  await scanned(request);
  await trusted();
  await heard(bob, room, 'For you alone');
  await changed().waitFor({ state: 'detached' });
  assert.deepEqual(page.faults, []);
});
