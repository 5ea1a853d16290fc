import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { enter, eventually, launch, person, shot } from './harness.mjs';

const SERIAL = Date.now() % 100_000;
const NAME = `Atelier ${SERIAL}`;
let browser;
let camille;
let ines;
const rooms = (page) => page.getByRole('navigation', { name: 'Conversations' });
const entry = (page, name = NAME) => rooms(page).getByRole('link', { name: new RegExp(name) });
const log = (page, name = NAME) => page.getByRole('log', { name: new RegExp(name) });
const field = (page) => page.getByRole('textbox', { name: `Écrire dans ${NAME}` });
const line = (page, text) => log(page).getByRole('article').filter({ hasText: text });
const actions = (page) => page.getByRole('button', { name: 'Actions du salon' });

/** Files as a paste or a drop brings them. */
const brought = (page, name, type) => page.evaluateHandle(([one, kind]) => {
  const given = new DataTransfer();
  given.items.add(new File(['contenu'], one, { type: kind }));
  return given;
}, [name, type]);

before(async () => {
  browser = await launch('--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream');
  camille = await enter(browser, person('fr'));
  ines = await enter(browser, person('fr', 4));
  await Promise.all([camille.goto('/chat'), ines.goto('/chat')]);
  await camille.getByRole('button', { name: 'Nouvelle conversation ou nouveau salon' }).click();
  await camille.getByRole('menuitem', { name: 'Nouveau salon' }).click();
  await camille.getByRole('textbox', { name: 'Nom', exact: true }).fill(NAME);
  await camille.getByRole('combobox', { name: 'Qui inviter' }).fill('Inès');
  await camille.getByRole('dialog').getByRole('button', { name: /Inès Ben Youssef/ }).click();
  await camille.getByRole('button', { name: 'Créer' }).click();
  await camille.getByRole('heading', { name: NAME }).waitFor();
  await entry(ines).click();
  await ines.getByRole('button', { name: 'Accepter' }).click();
  await field(ines).waitFor();
});
after(() => browser.close());

test('files are pasted and dropped, and a voice message is recorded in place', async () => {
  await field(camille).focus();
  const pasted = await brought(camille, `colle-${SERIAL}.txt`, 'text/plain');
  await field(camille).evaluate((node, data) => node.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })), pasted);
  await line(ines, `colle-${SERIAL}.txt`).first().waitFor();
  const dropped = await brought(camille, `depose-${SERIAL}.txt`, 'text/plain');
  await camille.getByRole('region', { name: NAME }).dispatchEvent('drop', { dataTransfer: dropped });
  await line(ines, `depose-${SERIAL}.txt`).waitFor();
  await camille.getByRole('button', { name: 'Enregistrer un message vocal' }).click();
  await camille.getByRole('timer').getByText('0:01').waitFor();
  await camille.getByRole('button', { name: 'Arrêter et envoyer' }).click();
  await log(ines).locator('audio').waitFor();
});

test('a file that something on the way refuses is told of, and holds nothing up', async () => {
  await camille.route('**/_matrix/media/v3/upload**', (route) => route.fulfill({ status: 413, contentType: 'text/html', body: '<html>Request Entity Too Large</html>' }));
  const [chooser] = await Promise.all([camille.waitForEvent('filechooser'), camille.getByRole('button', { name: 'Joindre des fichiers' }).first().click()]);
  await chooser.setFiles({ name: `lourd-${SERIAL}.bin`, mimeType: 'application/octet-stream', buffer: Buffer.from('x') });
  await field(camille).fill(`Après le refus ${SERIAL}`);
  await camille.keyboard.press('Enter');
  await line(ines, `Après le refus ${SERIAL}`).waitFor();
  const refused = camille.getByRole('alert').filter({ hasText: /Non envoyé\s: c’est trop volumineux/ });
  await refused.getByRole('button', { name: 'Supprimer' }).click();
  await refused.waitFor({ state: 'detached' });
  await camille.unroute('**/_matrix/media/v3/upload**');
});

test('what is pinned is found again, what is passed on arrives, and signs are found by name', async () => {
  await field(ines).fill(`Épinglez ceci ${SERIAL}`);
  await ines.keyboard.press('Enter');
  await line(camille, `Épinglez ceci ${SERIAL}`).focus();
  await line(camille, `Épinglez ceci ${SERIAL}`).hover();
  await line(camille, `Épinglez ceci ${SERIAL}`).getByRole('button', { name: 'Autres actions pour ce message' }).click();
  await camille.getByRole('menuitem', { name: 'Épingler' }).click();
  await ines.getByRole('button', { name: 'Messages épinglés' }).click();
  await ines.getByRole('region', { name: 'Messages épinglés' }).getByText(`Épinglez ceci ${SERIAL}`).waitFor();
  await line(camille, `Épinglez ceci ${SERIAL}`).focus();
  await camille.keyboard.press('f');
  const dialog = camille.getByRole('dialog');
  await dialog.getByRole('searchbox').fill('délégation');
  await dialog.getByRole('button', { name: /Visite de la délégation/ }).click();
  await entry(ines, 'Visite de la délégation').click();
  // Where much is unread one begins at its first line, and the end is drawn as one comes near.
  const there = await log(ines, 'Visite de la délégation').elementHandle();
  await ines.waitForFunction(([node, text]) => (node.scrollTo(0, node.scrollHeight), node.textContent.includes(text)), [there, `Épinglez ceci ${SERIAL}`]);
  await log(ines, 'Visite de la délégation').getByRole('article').filter({ hasText: `Épinglez ceci ${SERIAL}` }).getByText('Transféré, de Inès Ben Youssef').waitFor();
  await shot(ines, 'rooms-forwarded');
  await line(camille, `Épinglez ceci ${SERIAL}`).focus();
  await camille.keyboard.press('+');
  await camille.getByRole('searchbox', { name: 'Chercher par nom' }).fill('fete');
  await camille.keyboard.press('Enter');
  await line(camille, `Épinglez ceci ${SERIAL}`).getByRole('button', { name: /🥳/ }).waitFor();
});

test('who reads further up stays there, and what comes meanwhile is below all the same', async () => {
  const id = decodeURIComponent(new URL(camille.url()).pathname.split('/')[2]);
  await ines.goto(`/chat/${encodeURIComponent(id)}`);
  await ines.evaluate(async ([room, serial]) => {
    const say = (n) => fetch(`/_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/m.room.message/${serial}.${n}`, { method: 'PUT', headers: { 'Content-Type': 'application/json', 'X-Parvis': '1' }, body: JSON.stringify({ msgtype: 'm.text', body: `Ligne ${n} de ${serial}` }) });
    for (let n = 1; n <= 40; n++) await say(n);
  }, [id, SERIAL]);
  await line(ines, `Ligne 40 de ${SERIAL}`).waitFor();
  const under = await log(ines).evaluate(async (box) => {
    box.scrollTop -= 400;
    [...box.querySelectorAll('button')].find((one) => one.textContent.includes('🥳')).click(); // drawn anew before it is told that somebody scrolled
    for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
    return box.scrollHeight - box.scrollTop - box.clientHeight;
  });
  assert.ok(under > 300, `${under} px under what is seen`);
  const first = line(ines, `Ligne 5 de ${SERIAL}`);
  await first.scrollIntoViewIfNeeded();
  await ines.getByRole('button', { name: 'Aller au plus récent' }).waitFor();
  const where = async () => Math.round((await first.boundingBox()).y);
  const before = await where();
  await field(camille).fill(`Entre-temps ${SERIAL}`);
  await camille.keyboard.press('Enter');
  await line(ines, `Entre-temps ${SERIAL}`).waitFor();
  assert.equal(await where(), before);
  await ines.getByRole('button', { name: '1 nouveau message' }).click();
  await eventually(async () => assert.ok((await line(ines, `Entre-temps ${SERIAL}`).boundingBox()).y < 900));
  await line(camille, `Entre-temps ${SERIAL}`).waitFor();
});

test('a message is kept for oneself, and all are called', async () => {
  await line(camille, `Épinglez ceci ${SERIAL}`).focus();
  await camille.keyboard.press('b');
  await camille.goto('/chat/saved');
  const kept = camille.getByRole('region', { name: 'Messages gardés' });
  await kept.getByRole('link', { name: new RegExp(`Épinglez ceci ${SERIAL}`) }).click();
  await log(camille).waitFor();
  await field(camille).fill(`@room à table ${SERIAL}`);
  await camille.keyboard.press('Enter');
  await entry(ines).getByText('mentions de vous').waitFor();
  await camille.goto('/chat/saved');
  await kept.getByRole('button', { name: 'Ne plus garder' }).click();
  await kept.getByText('Rien de gardé').waitFor();
  await entry(camille).click();
  await field(camille).waitFor();
});

test('a message becomes a task in one key, and the task leads back to it', async () => {
  const text = `Prévenir le chantier ${SERIAL}`;
  await field(camille).fill(text);
  await camille.keyboard.press('Enter');
  await line(ines, text).focus();
  await ines.keyboard.press('a');
  await ines.getByRole('button', { name: 'Ouvrir', exact: true }).click();
  await eventually(async () => assert.equal(await ines.getByRole('textbox', { name: 'Nom' }).inputValue(), text));
  await shot(ines, 'tasks-of-chat');
  await ines.locator('.tasks .source').getByRole('link', { name: NAME }).click();
  await eventually(async () => assert.equal(await line(ines, text).evaluate((node) => node.contains(document.activeElement)), true));
});

test('a muted room is quiet, and who leaves is gone from it', async () => {
  await entry(ines).click();
  await actions(ines).click();
  await ines.getByRole('menuitemcheckbox', { name: 'Sourdine' }).or(ines.getByRole('menuitem', { name: 'Sourdine' })).click();
  await entry(ines).getByLabel('en sourdine').waitFor();
  await entry(ines, 'Visite de la délégation').click();
  await field(camille).fill(`Sans bruit ${SERIAL}`);
  await camille.keyboard.press('Enter');
  await entry(ines).getByText(`Sans bruit ${SERIAL}`).waitFor();
  assert.equal(await entry(ines).getByText('non lus').count(), 0);
  await entry(ines).click();
  await actions(ines).click();
  await ines.getByRole('menuitem', { name: 'Quitter le salon' }).click();
  await ines.getByRole('dialog').getByRole('button', { name: 'Quitter le salon' }).click();
  await eventually(async () => assert.equal(await entry(ines).count(), 0));
  const members = () => camille.evaluate(async () => Object.keys((await (await fetch(`/_matrix/client/v3/rooms/${location.pathname.split('/')[2]}/joined_members`)).json()).joined));
  await eventually(async () => assert.equal((await members()).length, 1));
  assert.deepEqual([camille.faults, ines.faults], [[], []]);
});
