import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { anew, eventually, jmap, launch, person, putAway, subjects, waiting } from './harness.mjs';

let browser;
let page;
before(async () => (browser = await launch()));
after(() => browser.close());
beforeEach(async () => {
  page = await anew(browser, person('fr'), page);
});

test('the keyboard goes through the list and opens a conversation', async () => {
  const [, second] = await subjects(page);
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.getByRole('region', { name: second }).waitFor();
  await page.locator('article').last().locator('.body').waitFor();
  await page.keyboard.press('k');
  const [first] = await subjects(page);
  await page.getByRole('region', { name: first }).waitFor();
  await page.keyboard.press('u');
  assert.equal(new URL(page.url()).pathname, '/mail/inbox');
  assert.deepEqual(page.faults, []);
});

test('after a reload the open conversation is where it was in the list', async () => {
  const third = page.locator('[role="option"]').nth(2);
  const subject = (await third.locator('.subj b').textContent()).trim();
  await third.click();
  await page.getByText(/^3 sur \d+$/).waitFor();
  await page.reload();
  await page.getByText(/^3 sur \d+$/).waitFor();
  await page.keyboard.press('k');
  await page.getByText(/^2 sur \d+$/).waitFor();
  await page.keyboard.press('j');
  await page.getByRole('region', { name: subject }).waitFor();
  assert.deepEqual(page.faults, []);
});

test('what is no longer there is said to be gone, and a part that cannot be loaded is told', async () => {
  await page.goto('/mail/inbox/a0a0a0a0a0a0a');
  await page.getByText('Ce message n’est plus là.').waitFor();
  await page.getByRole('button', { name: 'Retour' }).click();
  await page.getByText('Aucune conversation ouverte').waitFor();
  await page.route('**/assets/*.js', (route) => route.abort());
  await page.keyboard.press('c');
  await page.getByRole('button', { name: 'Recharger' }).waitFor();
});

test('archiving is seen at once and undone with Z', async () => {
  const before = await subjects(page);
  await page.keyboard.press('e');
  await page.waitForFunction((gone) => document.querySelector('[role="option"] .subj b')?.textContent.trim() !== gone, before[0]);
  await eventually(async () => assert.equal((await subjects(page))[0], before[1]));
  await waiting(page);
  await page.keyboard.press('z');
  await page.waitForFunction((back) => document.querySelector('[role="option"] .subj b')?.textContent.trim() === back, before[0]);
  await waiting(page);
  await page.reload();
  await page.waitForSelector('[role="option"]');
  await eventually(async () => assert.deepEqual((await subjects(page)).slice(0, 3), before.slice(0, 3)));
});

test('a star reaches the server, and another window by itself', async () => {
  const other = await page.context().newPage();
  await other.goto('/mail/inbox');
  await other.waitForSelector('[role="option"]');
  const row = page.locator('[role="option"]').nth(2);
  const was = await row.locator('.star.on').count();
  await page.bringToFront();
  await row.locator('.star').click();
  await other.waitForFunction((was) => !!document.querySelectorAll('[role="option"]')[2].querySelector('.star.on') !== was, !!was);
  await row.locator('.star').click();
  await other.waitForFunction((was) => !!document.querySelectorAll('[role="option"]')[2].querySelector('.star.on') === was, !!was);
});

test('several are chosen, labelled, and the label is taken off again', async () => {
  await page.keyboard.press('x');
  await page.keyboard.press('Shift+J');
  await page.getByRole('heading', { name: '2 sélectionnés' }).waitFor();
  await page.keyboard.press('l');
  await page.getByRole('combobox').fill('Délégation Huế');
  await page.keyboard.press('Enter');
  await page.locator('[role="option"] .label', { hasText: 'Délégation Huế' }).nth(1).waitFor();
  await putAway(page);
  await page.getByRole('link', { name: 'Délégation Huế' }).click();
  await page.waitForFunction(() => document.querySelectorAll('[role="option"]').length === 2);
  await page.keyboard.press('Control+a');
  await page.keyboard.press('l');
  await page.getByRole('combobox').fill('Délégation');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelectorAll('[role="option"]').length === 0);
});

test('a folder is made, gets a message by V, is renamed and deleted', async () => {
  const name = `Essai ${Date.now() % 10_000}`;
  await page.getByRole('button', { name: 'Nouveau dossier' }).click();
  await page.getByRole('textbox', { name: 'Nom' }).fill(name);
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name }).waitFor();
  await waiting(page);
  const [subject] = await subjects(page);
  await page.locator('[role="listbox"]').focus();
  await page.keyboard.press('v');
  await page.getByRole('combobox').fill(name);
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name }).click();
  await page.waitForFunction((subject) => document.querySelector('[role="option"] .subj b')?.textContent.trim() === subject, subject);
  await page.locator('[role="listbox"]').focus();
  await page.keyboard.press('v');
  await page.getByRole('combobox').fill('Réception');
  await page.keyboard.press('Enter');
  await page.getByText('Rien ici pour l’instant').waitFor();
  await page.locator('section.list').getByRole('button', { name: 'Plus' }).click();
  await page.getByRole('menuitem', { name: 'Renommer le dossier' }).click();
  await page.getByRole('textbox', { name: 'Nom' }).fill(`${name} bis`);
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: `${name} bis` }).waitFor();
  await page.locator('section.list').getByRole('button', { name: 'Plus' }).click();
  await page.getByRole('menuitem', { name: 'Supprimer le dossier' }).click();
  await page.getByRole('button', { name: 'Supprimer', exact: true }).click();
  await page.getByRole('link', { name: `${name} bis` }).waitFor({ state: 'detached' });
  const [boxes] = await jmap(page, [['Mailbox/get', { ids: null }]]);
  assert.ok(!boxes.list.some((box) => box.name.startsWith(name)));
});

test('filters narrow the list and are in the address', async () => {
  const all = await page.locator('[role="option"]').first().getAttribute('aria-setsize');
  await page.getByRole('button', { name: 'Non lus' }).click();
  assert.match(page.url(), /\?f=unread/);
  await page.waitForFunction((all) => document.querySelector('[role="option"]')?.getAttribute('aria-setsize') !== all, all);
  await eventually(async () => assert.equal(await page.locator('[role="option"] .item:not(.unread)').count(), 0));
});

test('an attachment is previewed, and the original is shown', async () => {
  const all = await page.locator('[role="option"]').first().getAttribute('aria-setsize');
  await page.getByRole('button', { name: 'Avec fichier' }).click();
  await page.waitForFunction((all) => ![null, undefined, all].includes(document.querySelector('[role="option"]')?.getAttribute('aria-setsize')), all);
  await page.keyboard.press('o');
  await page.locator('article .body').first().waitFor();
  for (const folded of await page.locator('.unfold').all()) await folded.click();
  await page.locator('article .files').first().waitFor();
  await page.locator('article .files .file').first().click({ trial: true });
  // By key: what was unfolded above still grows, and a button that moves while it is pressed was not clicked.
  await page.locator('article').last().getByRole('button', { name: 'Autres actions pour ce message' }).press('Enter');
  await page.getByRole('menuitem', { name: 'Voir l’original' }).click();
  await page.getByText(/^Received:|^From:|MIME-Version:/m).first().waitFor();
  await page.keyboard.press('Escape');
  assert.deepEqual(page.faults, []);
});

test('in mail that may only be read nothing can be changed, and answers are one’s own', async () => {
  await page.locator('.account', { hasText: 'Hélène' }).click();
  await page.locator('h2:has(.account[title^="helene"]) + ul').getByRole('link', { name: 'Réception' }).click();
  await page.getByRole('heading', { level: 1, name: 'Réception · Hélène Marchetti' }).waitFor();
  await page.locator('[role="option"]').nth(1).click();
  await page.locator('article .body').first().waitFor();
  await page.getByText('Lecture seule').waitFor();
  await eventually(async () => assert.equal(await page.getByRole('button', { name: 'Archiver' }).count(), 0));
  const [subject] = await subjects(page);
  await page.keyboard.press('e');
  await page.keyboard.press('r');
  await page.locator('.prose').click();
  await page.keyboard.press('Control+Home');
  await page.keyboard.type('Essai');
  await page.getByText('Brouillon enregistré').waitFor();
  await page.getByText('Chargée de projets de coopération').waitFor(); // Camille's signature
  await page.getByRole('button', { name: 'Supprimer le brouillon' }).click();
  await eventually(async () => assert.equal((await subjects(page))[0], subject));
  assert.deepEqual(page.faults, []);
});
