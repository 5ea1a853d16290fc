/** Devices of one person made sure of by a code: our client with a camera, and a program of others. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, before, test } from 'node:test';
import { CryptoEvent, VerificationPhase, VerifierEvent } from 'matrix-js-sdk/lib/crypto-api/index.js';
import { camera, film, shown } from './code.mjs';
import { accessible, enter, launch, lost, person, PHONE, shot, sound, DESKTOP } from './harness.mjs';
import { come, device, devices } from './peer.mjs';

const me = person('en', 1);
const OURS = /^Your code/;
const folder = mkdtempSync(`${tmpdir()}/film-`);
const FILM = `${folder}/film.y4m`;
let browser;
let page;
const dialog = () => page.getByRole('dialog', { name: 'Verify one of your devices' });
const button = (name) => dialog().getByRole('button', { name });

before(async () => {
  film(FILM, Buffer.from('https://example.org/'));
  browser = await launch(...camera(FILM));
  page = await enter(browser, me);
  await page.goto('/settings/encryption');
  await page.getByText('This device is confirmed').waitFor();
});
after(async () => {
  await browser.close();
  rmSync(folder, { recursive: true });
  for (const one of devices) one.stopClient();
  setTimeout(() => process.exit(), 1000).unref();
});

/** Another device of the same person, asked from the page; both have said yes. */
async function asked(name) {
  const other = await device(me, name);
  const request = new Promise((resolve) => other.once(CryptoEvent.VerificationRequestReceived, resolve));
  await page.getByRole('button', { name: `Verify ${name}` }).click();
  await (await request).accept();
  await button('Scan the other code').waitFor();
  return { other, request: await request };
}

/** The page knows the other device, and is told so. */
async function trusted(other) {
  await dialog().getByText(/^Verified/).waitFor();
  await button('Close').last().click();
  await come('the trust', async () => (await other.getCrypto().getDeviceVerificationStatus(other.getUserId(), other.getDeviceId()))?.crossSigningVerified);
}

test('a device that asks scans our code off the screen, and we say that it was right', async () => {
  const phone = await device(me, 'Phone');
  const request = await phone.getCrypto().requestOwnUserVerification();
  await button('Compare').click();
  await come('the answer', () => request.phase === VerificationPhase.Ready);
  await page.getByRole('img', { name: OURS }).waitFor();
  await sound(page, 'crypto-code', DESKTOP);
  await page.setViewportSize(PHONE);
  await accessible(page, 'crypto-code-phone');
  assert.deepEqual(await page.evaluate(lost), []);
  const verified = (await request.scanQRCode(await shown(page, OURS))).verify();
  await dialog().getByText('Does it say that the code is right?').waitFor();
  await accessible(page, 'crypto-code-scanned');
  await page.setViewportSize(DESKTOP);
  await button('Yes, it is right').click();
  await verified;
  await trusted(phone);
});

test('our camera reads the code of another device, says when it is another one, and stops with the dialogue', async () => {
  const { other, request } = await asked('Tablet');
  await button('Scan the other code').click();
  await dialog().getByText('This is another code').waitFor();
  await sound(page, 'crypto-scan', DESKTOP);
  const track = await page.locator('video').evaluateHandle((video) => video.srcObject.getTracks()[0]);
  await button('Show my code').click();
  await page.getByRole('img', { name: OURS }).waitFor();
  assert.equal(await track.evaluate(({ readyState }) => readyState), 'ended');
  film(FILM, await request.generateQRCode());
  await button('Scan the other code').click();
  await dialog().getByText('The code is right').waitFor();
  await shot(page, 'crypto-code-right');
  assert.equal(await page.locator('video').count(), 0);
  await come('their question', () => request.verifier);
  const verified = request.verifier.verify();
  (request.verifier.getReciprocateQrCodeCallbacks() ?? (await new Promise((resolve) => request.verifier.once(VerifierEvent.ShowReciprocateQr, resolve)))).confirm();
  await verified;
  await trusted(other);
});

test('a code with other keys ends it with a warning', async () => {
  const { request } = await asked('Copy');
  const code = await request.generateQRCode();
  code[60] ^= 1;
  film(FILM, code);
  await button('Scan the other code').click();
  await dialog().getByText('The code is not right').waitFor();
  await come('the end', () => request.phase === VerificationPhase.Cancelled);
  await button('Close').last().click();
});

test('a camera that is not allowed is said, and signs are compared instead', async () => {
  const { other, request } = await asked('Desk');
  await page.evaluate(() => (navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'))));
  await button('Scan the other code').click();
  await dialog().getByText('The camera is not allowed here').waitFor();
  await button('Compare signs instead').click();
  await come('the beginning', () => request.verifier);
  const verified = request.verifier.verify();
  const signs = await come('the signs', () => request.verifier.getShowSasCallbacks());
  await page.getByRole('list', { name: 'Seven signs' }).waitFor();
  await button('They are the same').click();
  await signs.confirm();
  await verified;
  await trusted(other);
  assert.deepEqual(page.faults, []);
});

test('a device that another one has confirmed without giving it the keys says just that', async () => {
  const [phone] = devices;
  await page.context().close(); // it would give them, as would those that it has confirmed
  for (const one of devices) one.http.opts.fetchFn = (url, how) => (/sendToDevice\/m\.room\.encrypted/.test(String(url)) ? Promise.resolve(Response.json({})) : fetch(url, how));
  const asking = new Promise((resolve) => phone.once(CryptoEvent.VerificationRequestReceived, resolve));
  page = await enter(browser, me);
  await page.goto('/settings/encryption');
  await page.getByRole('button', { name: 'Confirm from another device' }).click();
  const request = await asking;
  await request.accept();
  await button('Compare signs instead').click();
  await come('the beginning', () => request.verifier);
  const verified = request.verifier.verify();
  const signs = await come('the signs', () => request.verifier.getShowSasCallbacks());
  await button('They are the same').click();
  await signs.confirm();
  await verified;
  await dialog().getByText(/^Verified/).waitFor();
  await button('Close').last().click();
  await page.getByText('This device is confirmed, but your keys have not come to it').waitFor();
  await sound(page, 'crypto-without-keys', DESKTOP);
  assert.deepEqual(page.faults, []);
});
