/** Encrypted rooms in our client: two people in two browsers, and matrix-js-sdk as the other side. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, chosen, enter, eventually, launch, person } from './harness.mjs';

const SERIAL = Date.now() % 100_000;
const NAME = `Secret ${SERIAL}`;
let browser;
let camille;
let ines;
let second;
const log = (page, name = NAME) => page.getByRole('log', { name: new RegExp(name) });
const line = (page, text, name = NAME) => log(page, name).getByRole('article').filter({ hasText: text });
const field = (page, name = NAME) => page.getByRole('textbox', { name: `Écrire dans ${name}` });
const entry = (page, name = NAME) => page.getByRole('navigation', { name: 'Conversations' }).getByRole('link', { name: new RegExp(name) });
async function say(page, text, name = NAME) {
  await field(page, name).fill(text);
  await page.keyboard.press('Enter');
}

/** What the server keeps of a room, as anybody who reads its database would see it. */
const kept = (page, room) => page.evaluate(async (id) => (await (await fetch(`/_matrix/client/v3/rooms/${encodeURIComponent(id)}/messages?dir=b&limit=100`)).json()).chunk, room);
const roomOf = (page) => decodeURIComponent(new URL(page.url()).pathname.split('/')[2]);

before(async () => {
  browser = await launch();
  [camille, ines] = await Promise.all([enter(browser, person('fr')), enter(browser, person('fr', 4))]);
});
after(() => browser.close());

test('a room is made encrypted, and what one says the other reads, while the server does not', async () => {
  const wasm = [];
  camille.on('request', (request) => /\.wasm/.test(request.url()) && wasm.push(request.url()));
  await Promise.all([camille.goto('/chat'), ines.goto('/chat')]);
  await camille.getByRole('button', { name: 'Nouvelle conversation ou nouveau salon' }).click();
  await camille.getByRole('menuitem', { name: 'Nouveau salon' }).click();
  await camille.getByRole('textbox', { name: 'Nom', exact: true }).fill(NAME);
  await camille.getByRole('radio', { name: /Chiffré/ }).check();
  await camille.getByRole('combobox', { name: 'Qui inviter' }).fill('Inès');
  await camille.getByRole('dialog').getByRole('button', { name: /Inès Ben Youssef/ }).click();
  assert.deepEqual(wasm, []);
  await camille.getByRole('button', { name: 'Créer' }).click();
  await camille.getByRole('heading', { name: NAME }).waitFor();
  await entry(ines).click();
  await ines.getByRole('button', { name: 'Accepter' }).click();
  await field(ines).waitFor();
  await say(camille, `Bonjour **Inès** ${SERIAL}`);
  await line(ines, `Bonjour Inès ${SERIAL}`).locator('strong').waitFor();
  await say(ines, `Xin chào Camille ${SERIAL}`);
  await line(camille, `Xin chào Camille ${SERIAL}`).waitFor();
  const events = await kept(camille, roomOf(camille));
  assert.equal(events.filter(({ type }) => type === 'm.room.encrypted').length, 2);
  assert.ok(!/Bonjour|chào/.test(JSON.stringify(events)));
});

test('edits, answers, topics and reactions go with it', async () => {
  await line(ines, `Bonjour Inès ${SERIAL}`).focus();
  await ines.keyboard.press('r');
  await say(ines, `Réponse ${SERIAL}`);
  await line(camille, `Réponse ${SERIAL}`).getByRole('button', { name: /Bonjour/ }).waitFor();
  await line(ines, `Réponse ${SERIAL}`).focus();
  await ines.keyboard.press('e');
  await ines.getByText('Modification d’un message').waitFor();
  await say(ines, `Réponse corrigée ${SERIAL}`);
  await line(camille, `Réponse corrigée ${SERIAL}`).getByText('(modifié)').waitFor();
  await line(camille, `Réponse corrigée ${SERIAL}`).focus();
  await camille.keyboard.press('+');
  await camille.getByRole('dialog', { name: 'Émojis' }).getByRole('button', { name: '🎉' }).click();
  await line(ines, `Réponse corrigée ${SERIAL}`).getByRole('button', { name: /🎉/ }).waitFor();
  await line(camille, `Bonjour Inès ${SERIAL}`).first().focus();
  await camille.keyboard.press('t');
  await camille.getByRole('textbox', { name: 'Répondre dans ce sujet' }).fill('En secret ?');
  await camille.keyboard.press('Enter');
  await line(ines, `Bonjour Inès ${SERIAL}`).first().getByRole('link', { name: /1 réponse/ }).click();
  await ines.getByRole('log', { name: 'Sujet' }).getByText('En secret ?').waitFor();
});

test('a file is stored so that only the room can open it', async () => {
  await camille.keyboard.press('Escape');
  await camille.keyboard.press('Escape');
  const [chooser] = await Promise.all([camille.waitForEvent('filechooser'), camille.getByRole('button', { name: 'Joindre des fichiers' }).first().click()]);
  await chooser.setFiles({ name: `plan-${SERIAL}.txt`, mimeType: 'text/plain', buffer: Buffer.from('Le plan du quai.') });
  const [saved] = await Promise.all([ines.waitForEvent('download'), line(ines, `plan-${SERIAL}.txt`).getByRole('button', { name: /plan/ }).click()]);
  assert.equal(saved.suggestedFilename(), `plan-${SERIAL}.txt`);
  assert.equal((await (await saved.createReadStream()).toArray()).join(''), 'Le plan du quai.');
});

test('a picture comes small first, is opened whole, and is not stored as a picture', async () => {
  const name = `quai-${SERIAL}.png`;
  const noise = await camille.evaluate(async () => {
    const canvas = new OffscreenCanvas(1200, 900);
    const context = canvas.getContext('2d');
    const drawn = context.createImageData(1200, 900);
    for (let at = 0; at < drawn.data.length; at++) drawn.data[at] = (at * 2_654_435_761) >>> 24;
    context.putImageData(drawn, 0, 0);
    const reader = new FileReader();
    reader.readAsDataURL(await canvas.convertToBlob());
    await new Promise((resolve) => (reader.onload = resolve));
    return reader.result.split(',')[1];
  });
  const stored = [];
  ines.on('response', (answer) => /media\/download/.test(answer.url()) && stored.push(answer.body()));
  const [chooser] = await Promise.all([camille.waitForEvent('filechooser'), camille.getByRole('button', { name: 'Joindre des fichiers' }).first().click()]);
  await chooser.setFiles({ name, mimeType: 'image/png', buffer: Buffer.from(noise, 'base64') });
  const picture = log(ines).getByRole('button', { name: `Voir ${name}` });
  const width = (image) => eventually(async () => {
    const found = await image.evaluate((node) => node.naturalWidth);
    assert.ok(found);
    return found;
  });
  assert.equal(await width(picture.locator('img')), 800);
  await picture.click();
  const whole = ines.getByRole('dialog', { name }).locator('img');
  await eventually(async () => assert.equal(await width(whole), 1200));
  await accessible(ines, 'crypto-picture');
  await ines.keyboard.press('Escape');
  const kinds = (await Promise.all(stored)).map((bytes) => bytes.subarray(0, 4).toString('latin1'));
  assert.ok(kinds.length >= 2 && !kinds.some((kind) => /PNG|RIFF/.test(kind)), kinds.join());
});

test('a conversation begins with somebody who has no device: both are told what that means, and then both read', async () => {
  const jerome = person('fr', 3);
  const before = camille.url();
  await camille.getByRole('button', { name: 'Nouvelle conversation ou nouveau salon' }).click();
  await camille.getByRole('menuitem', { name: 'Nouvelle conversation' }).click();
  const dialog = camille.getByRole('dialog', { name: 'Nouvelle conversation' });
  await dialog.getByRole('switch', { name: 'Chiffrer de bout en bout' }).click();
  await dialog.getByRole('combobox', { name: 'Avec qui' }).fill('Jérôme');
  await dialog.getByRole('button', { name: /Jérôme/ }).click();
  const writing = (page, name) => page.getByRole('textbox', { name: new RegExp(`Écrire à ${name}`) });
  const told = camille.getByText(/Jérôme Œuvrard n’a encore aucun appareil/);
  await told.waitFor();
  await accessible(camille, 'crypto-no-device');
  await writing(camille, 'Jérôme').fill(`Trop tôt ${SERIAL}`);
  await camille.keyboard.press('Enter');
  await camille.getByRole('log').getByText(`Trop tôt ${SERIAL}`).waitFor();
  const id = roomOf(camille);
  await eventually(async () => assert.equal((await kept(camille, id)).filter(({ type }) => type === 'm.room.encrypted').length, 1));
  const page = await enter(browser, jerome);
  await page.goto(`/chat/${encodeURIComponent(id)}`);
  await page.getByRole('button', { name: 'Accepter' }).click();
  await page.getByRole('log').getByText('Dit quand vous n’aviez encore aucun appareil pour le lire').waitFor();
  await told.waitFor({ state: 'detached' });
  await accessible(page, 'crypto-too-early');
  await writing(camille, 'Jérôme').fill(`À temps ${SERIAL}`);
  await camille.keyboard.press('Enter');
  await page.getByRole('log').getByText(`À temps ${SERIAL}`).waitFor();
  await writing(page, 'Camille').fill(`Bien reçu ${SERIAL}`);
  await page.keyboard.press('Enter');
  await camille.getByRole('log').getByText(`Bien reçu ${SERIAL}`).waitFor();
  assert.deepEqual(page.faults, []);
  await page.context().close();
  await camille.goto(before);
});

test('what was said is there again after a reload, also in a second tab, and both can write', async () => {
  await ines.reload();
  await line(ines, `Xin chào Camille ${SERIAL}`).waitFor();
  const other = await ines.context().newPage();
  other.setDefaultTimeout(60_000);
  await other.goto(ines.url());
  await line(other, `Xin chào Camille ${SERIAL}`).waitFor();
  await say(other, `De l’autre onglet ${SERIAL}`);
  await line(camille, `De l’autre onglet ${SERIAL}`).waitFor();
  await say(ines, `Du premier ${SERIAL}`);
  await line(camille, `Du premier ${SERIAL}`).waitFor();
  await line(other, `Du premier ${SERIAL}`).waitFor();
  await other.close();
});

test('a recovery key is shown once, and with it a new device reads what was said before', async () => {
  const hint = camille.getByRole('complementary', { name: 'Chiffrement' });
  await hint.getByRole('button', { name: 'Créer une clé de secours' }).click();
  const dialog = camille.getByRole('dialog', { name: 'Créer une clé de secours' });
  await dialog.getByRole('button', { name: 'Créer la clé' }).click();
  const key = await dialog.locator('code').textContent();
  assert.match(key, /^E[\w ]{50,}$/);
  await accessible(camille, 'crypto-key');
  await dialog.getByRole('checkbox', { name: 'Je l’ai mise en lieu sûr' }).check();
  await dialog.getByRole('button', { name: 'Terminé' }).click();
  await hint.waitFor({ state: 'detached' });
  second = await enter(browser, person('fr'));
  await second.goto(camille.url());
  await line(second, 'La clé de ce message n’est pas sur cet appareil').first().waitFor();
  await second.getByRole('complementary', { name: 'Chiffrement' }).getByRole('button', { name: 'Saisir la clé de secours' }).click();
  const typing = second.getByRole('dialog', { name: 'Saisir la clé de secours' });
  await typing.getByRole('textbox', { name: 'Clé de secours' }).fill('EsT1 wrong');
  await typing.getByRole('button', { name: 'Confirmer' }).click();
  await typing.getByText('Ce n’est pas la clé de secours').waitFor();
  await typing.getByRole('textbox', { name: 'Clé de secours' }).fill(key);
  await typing.getByRole('button', { name: 'Confirmer' }).click();
  await typing.getByText('Cet appareil est confirmé').waitFor();
  await typing.getByRole('button', { name: 'Fermer' }).last().click();
  await line(second, `Xin chào Camille ${SERIAL}`).waitFor();
  await say(second, `Du deuxième appareil ${SERIAL}`);
  await line(ines, `Du deuxième appareil ${SERIAL}`).waitFor();
});

/** Chooses in the settings whether only confirmed devices get keys. */
async function only(page, on) {
  await page.goto('/settings/encryption');
  await page.getByRole('switch', { name: 'Seulement les appareils confirmés', checked: !on }).click();
  await chosen(page, 'confirmedDevices', on);
}

/** Both show the same signs and say so; then both have ended well. */
async function compared(one, other) {
  const signs = (page) => page.getByRole('list', { name: 'Sept signes' });
  await Promise.all([signs(one).waitFor(), signs(other).waitFor()]);
  assert.equal(await signs(one).innerText(), await signs(other).innerText());
  assert.equal(await signs(one).getByRole('listitem').count(), 7);
  await accessible(one, 'crypto-signs');
  for (const page of [one, other]) await page.getByRole('button', { name: 'Ce sont les mêmes' }).click();
  for (const page of [one, other]) await page.getByRole('dialog').getByText(/^Vérifié/).waitFor();
  for (const page of [one, other]) await page.getByRole('dialog').getByRole('button', { name: 'Fermer' }).last().click();
}

test('a third device is confirmed by seven signs on another, and then reads what was said before, and sends what was held back', async () => {
  await second.context().close();
  const third = await enter(browser, person('fr'));
  await third.goto(camille.url());
  await line(third, 'La clé de ce message n’est pas sur cet appareil').first().waitFor();
  await only(third, true);
  await third.goto(camille.url());
  await say(third, `Retenu d’abord ${SERIAL}`);
  await line(third, `Retenu d’abord ${SERIAL}`).getByText(/^Retenu\s: les clés ne vont qu’aux appareils confirmés/).waitFor();
  await say(camille, `Pour les confirmés ${SERIAL}`);
  await line(ines, `Pour les confirmés ${SERIAL}`).waitFor();
  await line(third, 'L’expéditeur ne donne ses clés qu’aux appareils confirmés').last().waitFor();
  assert.equal(await line(ines, `Retenu d’abord ${SERIAL}`).count(), 0);
  await third.getByRole('complementary', { name: 'Chiffrement' }).getByRole('button', { name: 'Confirmer depuis un autre appareil' }).click();
  await camille.getByRole('dialog').getByRole('button', { name: 'Comparer' }).click();
  await compared(third, camille);
  await line(third, `Xin chào Camille ${SERIAL}`).waitFor();
  await line(third, `Pour les confirmés ${SERIAL}`).waitFor();
  await line(ines, `Retenu d’abord ${SERIAL}`).waitFor();
  await only(third, false);
  await third.getByText('Cet appareil est confirmé').waitFor();
  await accessible(third, 'crypto-settings');
  assert.deepEqual(third.faults, []);
  await third.context().close();
});

test('two people make sure of each other by seven signs', async () => {
  await ines.getByRole('button', { name: /Personnes/ }).first().click();
  await ines.getByRole('button', { name: /Actions.*Camille/ }).click();
  await ines.getByRole('menuitem', { name: /Vérifier Camille/ }).click();
  await camille.getByRole('dialog').getByRole('button', { name: 'Comparer' }).click();
  await compared(ines, camille);
  await ines.locator('.beside').getByRole('listitem').filter({ hasText: 'Camille' }).getByText('Vérifié', { exact: true }).waitFor(); // not what was said last in another room
});

test('search says that it does not read the room', async () => {
  await camille.keyboard.press('Control+f');
  await camille.getByText('La recherche ne lit pas ce salon').waitFor();
  assert.deepEqual([camille.faults, ines.faults], [[], []]);
});

test('signing out takes the device and its keys away', async () => {
  await ines.goto('/settings/encryption');
  await ines.getByText('Cet appareil est confirmé').waitFor();
  await ines.getByRole('button', { name: /Inès|Compte/ }).first().click();
  await ines.getByRole('menuitem', { name: 'Se déconnecter' }).click();
  await ines.waitForSelector('input[name="username"]');
  await eventually(async () => assert.deepEqual(await ines.evaluate(() => indexedDB.databases()), []));
  const again = await enter(browser, person('fr', 4));
  assert.deepEqual(await again.evaluate(async () => (await (await fetch('/_matrix/client/v3/devices')).json()).devices), []);
});
