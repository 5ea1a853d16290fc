import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { DESKTOP, enter, eventually, jmap, launch, person, sound } from './harness.mjs';

let browser;
let page;
const who = person('fr', 3);
const names = () => page.$$eval('.files [role="option"] .name > .trunc', (all) => all.map((one) => one.textContent));
const row = (name) => page.locator('.files [role="option"]', { hasText: name });
const file = (name, text) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(text) });

before(async () => {
  browser = await launch();
  page = await enter(browser, who);
  await page.goto('/files');
  await page.getByRole('heading', { name: 'Mes fichiers' }).waitFor();
});
after(() => browser.close());

async function upload(...files) {
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.keyboard.press('c')]);
  await chooser.setFiles(files);
}

test('files are uploaded, opened beside the list, and read', async () => {
  await upload(file('Compte rendu.txt', 'Le quai est ouvert.'), file('Liste.csv', 'a;b\n1;2\n'));
  await row('Compte rendu.txt').waitFor();
  await row('Liste.csv').waitFor();
  await row('Compte rendu.txt').click();
  await page.getByText('Le quai est ouvert.').waitFor();
  assert.match(page.url(), /\?open=/);
  await page.keyboard.press('Escape');
  await page.getByText('Le quai est ouvert.').waitFor({ state: 'detached' });
});

test('a name that is taken is asked about; what is replaced stays among the versions', async () => {
  await upload(file('Compte rendu.txt', 'Le quai est fermé.'));
  await page.getByRole('dialog').getByRole('button', { name: 'Remplacer' }).click();
  await row('Compte rendu.txt').click();
  await page.getByText('Le quai est fermé.').waitFor();
  await page.keyboard.press('i');
  await page.getByRole('heading', { name: 'Versions précédentes' }).waitFor();
  await page.keyboard.press('i');
  await page.keyboard.press('Escape');
});

test('a tag leads to all that has it', async () => {
  await row('Liste.csv').click();
  await page.keyboard.press('i');
  await page.getByRole('textbox', { name: 'Ajouter une étiquette' }).fill('à relire');
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'à relire' }).click();
  await page.getByRole('heading', { name: 'à relire', level: 1 }).waitFor();
  await row('Liste.csv').waitFor();
  assert.deepEqual(await names(), ['Liste.csv']);
  await row('Liste.csv').click();
  await page.keyboard.press('i');
  await page.getByRole('link', { name: 'Mes fichiers' }).click();
  await row('Compte rendu.txt').waitFor();
});

test('a folder is made, a file is moved into it with keys alone, and back with Z', async () => {
  await page.keyboard.press('n');
  await page.getByRole('textbox', { name: 'Nom' }).fill('Archives du port');
  await page.keyboard.press('Enter');
  await row('Archives du port').waitFor();
  await row('Liste.csv').click();
  await page.keyboard.press('Escape');
  await page.keyboard.press('v');
  await page.getByRole('dialog').getByRole('option', { name: 'Archives du port' }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').getByText('Pas de dossier ici').waitFor();
  await page.getByRole('button', { name: 'Déplacer ici' }).click();
  await eventually(async () => assert.ok(!(await names()).includes('Liste.csv')));
  await row('Archives du port').getByText(/^8\sO/i).waitFor();
  await row('Archives du port').locator('[data-act="more"]').click();
  await page.getByRole('menuitem', { name: 'Détails' }).click();
  const details = page.getByRole('group', { name: 'Détails' });
  await details.getByText('1 élément').waitFor();
  await details.getByText(/^8\sO/i).waitFor();
  await sound(page, 'files-folder', DESKTOP);
  await page.keyboard.press('Escape');
  await details.waitFor({ state: 'detached' });
  await page.keyboard.press('z');
  await eventually(async () => assert.ok((await names()).includes('Liste.csv')));
  await row('Archives du port').getByText(/^8\sO/i).waitFor({ state: 'detached' });
});

test('something new is begun where there are no folders too, and is put among one’s own', async () => {
  await page.getByRole('link', { name: 'Fichiers récents' }).click();
  await page.getByRole('heading', { name: 'Fichiers récents' }).waitFor();
  await page.getByRole('button', { name: 'Nouveau' }).first().click();
  await page.getByRole('menuitem', { name: 'Nouveau dossier' }).click();
  await page.getByRole('textbox', { name: 'Nom' }).fill('Bouées');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Mes fichiers' }).waitFor();
  await row('Bouées').waitFor();
});

test('a folder and several files are downloaded as one archive, a file as it is', async () => {
  const taken = async (act) => {
    const [download] = await Promise.all([page.waitForEvent('download'), act()]);
    const bytes = readFileSync(await download.path());
    return { name: download.suggestedFilename(), bytes, text: bytes.toString('utf8') };
  };
  await row('Liste.csv').click();
  await page.waitForURL(/\?open=/);
  await page.keyboard.press('Escape');
  await page.waitForURL((url) => !url.search.includes('open='));
  const alone = await taken(() => page.keyboard.press('d'));
  assert.equal(alone.name, 'Liste.csv');
  assert.equal(alone.text, 'a;b\n1;2\n');
  await page.keyboard.press('Control+a');
  await page.getByRole('toolbar').getByRole('button', { name: 'Télécharger en ZIP' }).waitFor();
  const all = await taken(() => page.keyboard.press('d'));
  assert.equal(all.name, 'Fichiers.zip');
  assert.equal(all.bytes.subarray(0, 2).toString(), 'PK');
  for (const name of ['Archives du port/', 'Liste.csv', 'Compte rendu.txt']) assert.ok(all.text.includes(name), name);
  await page.keyboard.press('Escape');
  await row('Archives du port').click();
  await page.getByRole('heading', { name: 'Archives du port' }).waitFor();
  const folder = await taken(() => page.getByRole('button', { name: 'Télécharger ce dossier en ZIP' }).click());
  assert.equal(folder.name, 'Archives du port.zip');
  await page.getByRole('navigation', { name: 'Emplacements' }).getByRole('link', { name: 'Mes fichiers' }).click();
  await row('Liste.csv').waitFor();
});

test('what is thrown away lies in the trash and is restored from there', async () => {
  await row('Liste.csv').click();
  await page.keyboard.press('Escape');
  await page.keyboard.press('#');
  await eventually(async () => assert.ok(!(await names()).includes('Liste.csv')));
  await page.getByRole('link', { name: 'Corbeille' }).click();
  await row('Liste.csv').waitFor();
  await page.keyboard.press('r');
  await page.getByText('La corbeille est vide').waitFor();
  await page.getByRole('link', { name: 'Mes fichiers' }).click();
  await row('Liste.csv').waitFor();
});

test('the trash is emptied at once, and not before that is confirmed', async () => {
  for (const name of ['Liste.csv', 'Compte rendu.txt']) {
    await row(name).click();
    await page.keyboard.press('Escape');
    await page.keyboard.press('#');
    await row(name).waitFor({ state: 'detached' });
  }
  await page.getByRole('link', { name: 'Corbeille' }).click();
  await row('Liste.csv').waitFor();
  await page.getByRole('button', { name: 'Vider la corbeille' }).click();
  await page.getByRole('dialog').getByText('2 éléments').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Supprimer définitivement' }).click();
  await page.getByText('La corbeille est vide').waitFor();
  await page.keyboard.press('z');
  await row('Liste.csv').waitFor();
  await row('Compte rendu.txt').waitFor();
  await page.getByRole('link', { name: 'Mes fichiers' }).click();
  await row('Archives du port').waitFor();
});

test('a space has a trash of its own, from where its members bring things back', async () => {
  const name = `Dépôt ${Date.now().toString(36)}`;
  await jmap(page, [['Space/set', { create: { s: { name, members: {} } } }]]);
  await page.goto('/files/f/nowhere');
  await page.waitForURL('**/files');
  const places = page.getByRole('navigation', { name: 'Emplacements' });
  await places.getByRole('link', { name }).click();
  await page.getByRole('heading', { name, level: 1 }).waitFor();
  await upload(file('Plan du bassin.txt', 'Nord'));
  await row('Plan du bassin.txt').click();
  await page.keyboard.press('s');
  await page.keyboard.press('i');
  await page.getByText(/^Les membres de .* le voient/).waitFor();
  await page.keyboard.press('i');
  await page.keyboard.press('Escape');
  const of = places.getByRole('listitem').filter({ has: page.getByRole('link', { name }) });
  await of.getByRole('link', { name: 'Fichiers favoris' }).click();
  await row('Plan du bassin.txt').waitFor();
  await sound(page, 'files-space-favourites', DESKTOP);
  await page.keyboard.press('#');
  await page.getByText('« Plan du bassin.txt » mis à la corbeille').waitFor();
  await of.getByRole('link', { name: 'Corbeille' }).click();
  await row('Plan du bassin.txt').waitFor();
  await sound(page, 'files-space-trash', DESKTOP);
  await page.keyboard.press('r');
  await page.getByText('La corbeille est vide').waitFor();
  await page.getByRole('navigation', { name: 'Chemin' }).getByRole('link', { name }).click();
  await row('Plan du bassin.txt').waitFor();
  await places.getByRole('link', { name: 'Mes fichiers' }).click();
});

test('what is moved into a space keeps its versions, and comes back when that is undone', async () => {
  const name = `Quai ${Date.now().toString(36)}`;
  const [{ created }] = await jmap(page, [['Space/set', { create: { s: { name, members: {} } } }]]);
  const space = created.s.id;
  await page.goto('/files');
  await page.getByRole('heading', { name: 'Mes fichiers' }).waitFor();
  await upload(file('Tirant d’eau.txt', 'Trois mètres'));
  await row('Tirant d’eau.txt').waitFor();
  await upload(file('Tirant d’eau.txt', 'Quatre mètres'));
  await page.getByRole('dialog').getByRole('button', { name: 'Remplacer' }).click();
  await row('Tirant d’eau.txt').waitFor();
  const versions = async (account) => {
    const [{ ids }] = await jmap(page, [['FileNode/query', { accountId: account, filter: { name: 'Tirant d’eau.txt' } }]]);
    return ids.length ? (await jmap(page, [['FileVersion/query', { accountId: account, filter: { nodeId: ids[0] } }]]))[0].ids.length : null;
  };
  await row('Tirant d’eau.txt').click();
  await page.keyboard.press('Escape');
  await page.keyboard.press('v');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Remonter ou revenir' }).click();
  await dialog.getByRole('button', { name }).click();
  await sound(page, 'files-move-away', DESKTOP);
  await dialog.getByRole('button', { name: 'Déplacer ici' }).click();
  await page.getByText(`« Tirant d’eau.txt » déplacé dans « ${name} »`).waitFor();
  await row('Tirant d’eau.txt').waitFor({ state: 'detached' });
  assert.equal(await versions(space), 1);
  await page.keyboard.press('z');
  await row('Tirant d’eau.txt').waitFor();
  assert.equal(await versions(space), null);
});

test('a message among files is shown as one, with what is attached to it', async () => {
  const message = ['From: Claire <claire@dehors.example>', 'Subject: Le bac de Valmont', 'MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=b', '', '--b',
    'Content-Type: text/html', '', '<p>Il <b>repart</b> lundi.</p>', '--b', 'Content-Type: text/plain', 'Content-Disposition: attachment; filename=horaires.txt', '', '8 h', '--b--', ''].join('\r\n');
  await upload({ name: 'Claire.eml', mimeType: 'message/rfc822', buffer: Buffer.from(message) });
  await row('Claire.eml').click();
  await page.getByRole('heading', { name: 'Le bac de Valmont' }).waitFor();
  await page.frameLocator('.reader iframe').getByText('repart').waitFor();
  await page.getByText('horaires.txt').waitFor();
  await sound(page, 'files-mail', DESKTOP);
  await page.keyboard.press('Escape');
});

test('an upload that is cut off goes on by itself when the network is back', async () => {
  let cut = false;
  await page.route('**/files/uploads/*', async (route) => {
    if (cut || route.request().method() !== 'PATCH') return route.continue();
    cut = true;
    await page.context().setOffline(true);
    await route.abort('internetdisconnected');
  });
  await upload({ name: 'Plan du port.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(9_000_000, 7) });
  await page.getByText('Connexion perdue').waitFor();
  await page.context().setOffline(false);
  await row('Plan du port.bin').waitFor();
  const [{ ids }] = await jmap(page, [['FileNode/query', { filter: { name: 'Plan du port.bin' } }]]);
  const [{ list }] = await jmap(page, [['FileNode/get', { ids, properties: ['size'] }]]);
  assert.deepEqual(list.map(({ size }) => size), [9_000_000]);
  await page.unrouteAll({ behavior: 'wait' });
});

test('of a file with a virus that is said, and it cannot be taken out', async () => {
  await page.route('**/jmap/api*', async (route) => {
    const answer = await route.fetch();
    const text = await answer.text();
    await route.fulfill({ response: answer, body: text.replaceAll('"scan":null', '"scan":"infected"') });
  });
  await upload(file('Facture.txt', 'X5O'));
  await row('Facture.txt').getByLabel('Un virus a été trouvé dans ce fichier').waitFor();
  await row('Facture.txt').click();
  await page.getByText('Un virus a été trouvé dans ce fichier', { exact: true }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'Télécharger' }).count(), 0);
  await page.unrouteAll({ behavior: 'wait' });
  await page.keyboard.press('Escape');
});

test('a folder is shared, and whom it is shared with sees it at once and no longer when it is withdrawn', async () => {
  const other = await enter(browser, person('fr', 2));
  const shared = () => other.evaluate(async () => Object.values((await (await fetch('/.well-known/jmap')).json()).accounts).filter((one) => 'urn:ietf:params:jmap:filenode' in one.accountCapabilities).length);
  const had = await shared();
  await row('Archives du port').click();
  await page.getByRole('heading', { name: 'Archives du port' }).waitFor();
  await page.getByRole('button', { name: 'Partager ce dossier' }).click();
  await page.getByRole('combobox', { name: 'Ajouter' }).fill(person('fr', 2).name.split(' ')[0]);
  await page.getByRole('dialog').locator('ul.some button').first().click();
  await page.getByRole('dialog').getByText(person('fr', 2).name).waitFor();
  await eventually(async () => assert.equal(await shared(), had + 1));
  await other.goto('/files');
  await other.getByRole('navigation', { name: 'Emplacements' }).getByRole('link', { name: who.name }).click();
  await other.locator('.files [role="option"]', { hasText: 'Archives du port' }).click();
  await other.getByRole('heading', { name: 'Archives du port' }).waitFor();
  await page.getByRole('button', { name: `Ne plus partager avec ${person('fr', 2).name}` }).click();
  await eventually(async () => assert.equal(await shared(), had));
  await other.getByRole('heading', { name: 'Mes fichiers' }).waitFor();
  const kept = () => other.evaluate(async () => {
    const [{ name }] = await indexedDB.databases();
    const opened = await new Promise((resolve) => { const asked = indexedDB.open(name); asked.onsuccess = () => resolve(asked.result); });
    return new Promise((resolve) => { const asked = opened.transaction('records').objectStore('records').getAll(); asked.onsuccess = () => resolve(JSON.stringify(asked.result)); });
  });
  await eventually(async () => assert.ok(!(await kept()).includes('Archives du port')));
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: 'Créer un lien' }).click();
  await page.getByRole('button', { name: 'Créer le lien' }).click();
  await page.getByText('Lien copié').waitFor();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^http/);
  await page.evaluate(() => (navigator.clipboard.writeText = () => Promise.reject(new Error('no'))));
  await page.getByRole('button', { name: 'Copier le lien' }).click();
  await page.getByText(/^À copier d’ici\s: http/).waitFor();
  // A link that is removed ends at once; the note of it can be pressed over the dialog, and brings the same address back.
  const link = (await page.getByRole('dialog').locator('.words .trunc').textContent()).replace(/^[^/]*/, '');
  const leads = (status) => eventually(async () => assert.equal(await page.evaluate(async (link) => (await fetch(link)).status, link), status));
  await leads(200);
  await page.getByRole('button', { name: 'Supprimer le lien' }).click();
  await page.getByRole('button', { name: 'Copier le lien' }).waitFor({ state: 'detached' });
  await leads(404);
  const note = page.locator('.toast', { hasText: 'Lien supprimé' });
  await note.getByRole('button', { name: 'Annuler' }).click();
  await page.getByRole('dialog').locator('.words', { hasText: link }).waitFor();
  await leads(200);
  await page.getByRole('button', { name: 'Supprimer le lien' }).click();
  await note.waitFor();
  await page.getByRole('button', { name: 'Terminé' }).focus();
  await eventually(async () => {
    await page.keyboard.press('Tab');
    assert.ok(await note.evaluate((one) => one.contains(document.activeElement)));
  });
  await page.evaluate(() => document.activeElement.blur());
  await page.getByRole('button', { name: 'Terminé' }).click();
  assert.ok(await note.evaluate((one) => !one.closest('dialog')), 'it stays when the dialog has gone');
  await leads(404);
  await other.context().close();
  const [{ ids }] = await jmap(page, [['FileNode/query', { filter: { isTopLevel: true, nodeType: 'directory' } }]]);
  assert.ok(ids.length);
  assert.deepEqual(page.faults, []);
});
