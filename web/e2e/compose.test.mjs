import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { enter, eventually, jmap, launch, person, subjects } from './harness.mjs';

let browser;
let folder;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parvis-compose-'));
  await writeFile(join(folder, 'film du port.bin'), Buffer.alloc(21_000_000, 'film'));
  browser = await launch();
});
after(async () => {
  await browser.close();
  await rm(folder, { recursive: true });
});

async function write(page, to, subject) {
  await page.keyboard.press('c');
  await page.locator('.prose').waitFor();
  await page.keyboard.type(`${to},`);
  await page.fill('.subject', subject);
  await page.locator('.prose').click();
  await page.keyboard.type('Bonjour, voici la pièce jointe promise.');
  await page.setInputFiles('input[type=file]', { name: 'programme.txt', mimeType: 'text/plain', buffer: Buffer.from('Programme du 7 décembre') });
  await page.locator('.files .size').waitFor();
}

test('a message with a file is taken back, then really sent, and arrives', async () => {
  const [sender, reader] = [person('fr', 2), person('fr', 3)];
  const subject = `Essai ${Date.now()}`;
  const page = await enter(browser, sender);
  await write(page, reader.address, subject);
  await page.keyboard.press('Control+Enter');
  await page.getByRole('button', { name: 'Annuler' }).first().click();
  await page.getByText('Pas envoyé. Le brouillon est rouvert.').waitFor();
  await page.locator('.prose').click();
  await page.keyboard.press('Control+Enter');
  await page.locator('.prose').waitFor({ state: 'detached' });
  const other = await enter(browser, reader);
  await other.waitForFunction((subject) => [...document.querySelectorAll('[role="option"] .subj b')].some((one) => one.textContent.includes(subject)), subject, { timeout: 60_000 });
  await other.locator('[role="option"]', { hasText: subject }).click();
  await other.locator('article .files', { hasText: 'programme.txt' }).waitFor();
  await eventually(async () => assert.equal((await subjects(other)).filter((one) => one.includes(subject)).length, 1));
  assert.deepEqual(page.faults, []);
});

test('a window that nothing was written in leaves no draft behind, one letter does', async () => {
  const page = await enter(browser, person('fr', 1));
  const drafts = async () => {
    const [boxes] = await jmap(page, [['Mailbox/get', { ids: null }]]);
    return boxes.list.find((box) => box.role === 'drafts').totalEmails;
  };
  const before = await drafts();
  for (const keys of ['c', 'a']) {
    await page.locator('[role="listbox"]').focus();
    await page.keyboard.press(keys);
    await page.locator('.prose').waitFor();
    await page.getByRole('button', { name: 'Enregistrer et fermer' }).click();
    await page.locator('.prose').waitFor({ state: 'detached' });
  }
  await eventually(async () => assert.equal(await drafts(), before));
  await page.keyboard.press('c');
  await page.locator('.prose').click();
  await page.keyboard.type('x');
  await page.getByRole('button', { name: 'Enregistrer et fermer' }).click();
  await page.locator('.prose').waitFor({ state: 'detached' });
  await eventually(async () => assert.equal(await drafts(), before + 1));
  await page.goto('/mail/drafts');
  await page.keyboard.press('#');
  assert.deepEqual(page.faults, []);
});

test('a message is sent for later, says so among the sent ones, and is held back again', async () => {
  const page = await enter(browser, person('fr', 1));
  const subject = `Plus tard ${Date.now()}`;
  await page.keyboard.press('c');
  await page.locator('.prose').waitFor();
  await page.keyboard.type(`${person('fr', 3).address},`);
  await page.fill('.subject', subject);
  const later = page.getByRole('button', { name: 'Programmer l’envoi' });
  await later.click();
  await page.keyboard.press('Escape'); // closes the menu, and only that
  await page.getByRole('menu').waitFor({ state: 'detached' });
  await later.click();
  await page.getByRole('menuitem', { name: /^Demain à 08:00/ }).click();
  await page.getByText(/^Partira le .+ à 08:00\.$/).waitFor();
  const [, waiting] = await jmap(page, [
    ['EmailSubmission/query', { filter: { undoStatus: 'pending' } }],
    ['EmailSubmission/get', { '#ids': { resultOf: 'c0', name: 'EmailSubmission/query', path: '/ids' } }],
  ]);
  const tomorrow = await page.evaluate(() => new Date(new Date().getFullYear(), new Date().getMonth(), new Date().getDate() + 1, 8).getTime());
  assert.equal(Date.parse(waiting.list[0].sendAt), tomorrow);
  await page.goto('/mail/sent');
  await page.locator('[role="option"]', { hasText: subject }).click();
  await page.getByText(/^Ce message partira le /).waitFor();
  await page.getByRole('button', { name: 'Annuler l’envoi' }).click();
  await page.locator('.prose').waitFor();
  const [after] = await jmap(page, [['EmailSubmission/query', { filter: { undoStatus: 'pending' } }]]);
  assert.deepEqual(after.ids, []);
  await page.getByRole('button', { name: 'Supprimer le brouillon' }).click();
  assert.deepEqual(page.faults, []);
});

test('a large file goes as a link that ends by itself, is in the draft again, and is taken with a receipt', async () => {
  const [sender, reader] = [person('fr', 2), person('fr', 3)];
  const subject = `Film ${Date.now()}`;
  const page = await enter(browser, sender);
  await page.keyboard.press('c');
  await page.locator('.prose').waitFor();
  await page.keyboard.type(`${reader.address},`);
  await page.fill('.subject', subject);
  await page.setInputFiles('input[type=file]', join(folder, 'film du port.bin'));
  const files = page.getByRole('list', { name: 'Pièces jointes' });
  await files.getByText(/jusqu’au/).waitFor();
  await files.getByRole('button', { name: /^Lien vers/ }).click();
  await page.getByLabel('Mot de passe', { exact: true }).fill('la marée haute');
  await page.getByRole('button', { name: 'Appliquer' }).click();
  await files.getByText(/avec un mot de passe/).waitFor();
  await page.getByRole('button', { name: 'Enregistrer et fermer' }).click();
  await page.locator('.prose').waitFor({ state: 'detached' });

  await page.goto('/mail/drafts');
  await page.locator('[role="option"]', { hasText: subject }).click();
  await page.getByRole('button', { name: 'Continuer à écrire' }).click();
  await files.getByText(/avec un mot de passe/).waitFor();
  await page.locator('.prose').click();
  await page.keyboard.press('Control+Enter');
  await page.locator('.prose').waitFor({ state: 'detached' });

  const other = await enter(browser, reader);
  await other.waitForFunction((subject) => [...document.querySelectorAll('[role="option"] .subj b')].some((one) => one.textContent.includes(subject)), subject, { timeout: 60_000 });
  const url = await jmap(other, [['Email/query', { filter: { subject } }]]).then(async ([{ ids }]) => {
    const [{ list: [email] }] = await jmap(other, [['Email/get', { ids, fetchTextBodyValues: true, properties: ['textBody', 'bodyValues', 'attachments'] }]]);
    assert.deepEqual(email.attachments, []);
    return email.bodyValues[email.textBody[0].partId].value.match(/http\S+\/s\/\S+/)[0];
  });
  await other.goto(url);
  await other.getByLabel('Mot de passe').fill('la marée haute');
  await other.keyboard.press('Enter');
  const [taken] = await Promise.all([other.waitForEvent('download'), other.getByRole('link', { name: 'Télécharger' }).click()]);
  assert.equal((await stat(await taken.path())).size, 21_000_000);
  await page.goto('/mail/inbox');
  await page.locator('[role="option"]', { hasText: `${subject} : reçu` }).waitFor();
  assert.deepEqual([...page.faults, ...other.faults], []);
});
