import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { enter, eventually, launch, person } from './harness.mjs';

let browser;
let page;
const card = (name) => page.locator('.contacts [role="option"]', { hasText: name });

before(async () => {
  browser = await launch();
  page = await enter(browser, person('fr', 3));
  await page.goto('/contacts');
  await page.getByRole('heading', { name: 'Tous les contacts' }).waitFor();
});
after(() => browser.close());

async function make(given, surname, email) {
  await page.keyboard.press('c');
  await page.getByRole('textbox', { name: 'Prénom' }).fill(given);
  await page.getByRole('textbox', { name: 'Nom de famille' }).fill(surname);
  await page.getByRole('textbox', { name: 'Courriel' }).fill(email);
  await page.keyboard.press('Control+Enter');
  await page.getByRole('article', { name: `${given} ${surname}` }).waitFor();
}

test('a contact is made, after an empty one was refused, changed, and changed back with Z', async () => {
  await page.keyboard.press('c');
  await page.getByRole('textbox', { name: 'Prénom' }).press('Control+Enter');
  await page.getByRole('alert').waitFor();
  await page.getByRole('textbox', { name: 'Prénom' }).fill('Zoé');
  await page.keyboard.press('Control+Enter');
  await page.getByRole('article', { name: 'Zoé' }).waitFor();
  await page.keyboard.press('#');
  await page.getByRole('article', { name: 'Zoé' }).waitFor({ state: 'detached' });
  await make('Zoé', 'Quémener', 'zoe.quemener@port.example');
  await page.keyboard.press('e');
  await page.getByRole('textbox', { name: 'Fonction' }).fill('Capitaine');
  await page.keyboard.press('Control+Enter');
  await page.getByRole('article').getByText('Capitaine').waitFor();
  await page.keyboard.press('z');
  await page.getByRole('article').getByText('Capitaine').waitFor({ state: 'detached' });
});

test('what can be done with a contact is in a menu, by the other button of the mouse and by the keyboard', async () => {
  const item = (name) => page.getByRole('menu', { name: 'Actions sur les contacts' }).getByRole('menuitem', { name });
  await page.goto('/contacts');
  await card('Zoé Quémener').click({ button: 'right' });
  await item('Supprimer').click();
  await card('Zoé Quémener').waitFor({ state: 'detached' });
  await page.keyboard.press('z');
  await card('Zoé Quémener').click();
  await page.getByRole('listbox').focus();
  await page.keyboard.press('ContextMenu');
  await item('Écrire').waitFor();
  await page.keyboard.press('m'); // Modifier
  await page.keyboard.press('Enter');
  await page.getByRole('textbox', { name: 'Fonction' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('article', { name: 'Zoé Quémener' }).waitFor();
});

test('a birthday is written as people write it, with or without its year', async () => {
  const field = page.getByRole('textbox', { name: 'Anniversaire' });
  await page.keyboard.press('e');
  await field.fill('14/7');
  await page.keyboard.press('Control+Enter');
  await page.getByRole('article').getByText('14 juillet', { exact: true }).waitFor();
  await page.keyboard.press('e');
  assert.equal(await field.inputValue(), '14 juillet');
  await field.fill('bientôt');
  await page.keyboard.press('Control+Enter');
  await page.getByRole('alert').waitFor();
  await field.fill('14/7/81');
  await page.keyboard.press('Control+Enter');
  await page.getByRole('article').getByText('14 juillet 1981', { exact: true }).waitFor();
});

test('keys work again after one has left the form for another list', async () => {
  await page.keyboard.press('c');
  await page.getByRole('textbox', { name: 'Prénom' }).waitFor();
  await page.getByRole('navigation', { name: 'Carnets d’adresses' }).getByRole('link', { name: 'Annuaire' }).click();
  await page.getByRole('heading', { name: 'Annuaire' }).waitFor();
  await page.keyboard.press('f');
  await page.locator('.find input:focus').waitFor();
  await page.keyboard.press('Escape');
  await page.goto('/contacts');
  await card('Zoé Quémener').waitFor();
});

test('a contact is begun wherever one is: in the directory, which cannot hold it, and among duplicates', async () => {
  for (const [place, given] of [['Annuaire', 'Maël'], ['Doublons', 'Nolwenn']]) {
    await page.getByRole('navigation', { name: 'Carnets d’adresses' }).getByRole('link', { name: place }).click();
    await page.getByRole('heading', { name: place }).waitFor();
    await page.getByRole('button', { name: 'Nouveau contact' }).click();
    await page.getByRole('textbox', { name: 'Prénom' }).fill(given);
    await page.keyboard.press('Control+Enter');
    await page.getByRole('article', { name: given }).waitFor();
    await card(given).waitFor();
  }
  await page.keyboard.press('Escape');
});

test('what was written and not saved is had back, wherever one has gone since', async () => {
  await card('Zoé Quémener').click();
  await page.keyboard.press('e');
  await page.getByRole('textbox', { name: 'Fonction' }).fill('Lamaneuse');
  await page.keyboard.press('Escape');
  await page.getByRole('article', { name: 'Zoé Quémener' }).waitFor();
  await page.getByRole('link', { name: 'Tâches' }).click();
  await page.getByRole('heading', { name: 'Mes tâches' }).waitFor();
  await page.getByRole('region', { name: 'Ce qui vient de se passer' }).getByRole('button', { name: 'Annuler' }).click();
  await page.waitForFunction(() => [...document.querySelectorAll('input')].some((one) => one.value === 'Lamaneuse'));
  await page.keyboard.press('Control+Enter');
  await page.getByRole('article').getByText('Lamaneuse').waitFor();
  await page.keyboard.press('Escape');
});

test('a group is made, filled, written to, called otherwise, deleted, and had back', async () => {
  const books = page.getByRole('navigation', { name: 'Carnets d’adresses' });
  const act = async (group, what) => {
    await books.getByRole('link', { name: group }).click({ button: 'right' });
    await page.getByRole('menuitem', { name: what }).click();
  };
  await books.getByRole('button', { name: 'Nouveau groupe' }).click();
  await page.getByRole('dialog').getByRole('textbox', { name: 'Nom' }).fill('Lamaneurs');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Lamaneurs' }).waitFor();
  await page.getByText('Personne dans ce groupe').waitFor();
  await page.goto('/contacts');
  await card('Zoé Quémener').click();
  await page.getByRole('article', { name: 'Zoé Quémener' }).waitFor();
  await page.keyboard.press('l');
  await page.getByRole('combobox', { name: 'Groupes' }).fill('Laman');
  await page.keyboard.press('Enter');
  await page.getByRole('article').getByRole('link', { name: 'Lamaneurs' }).waitFor();
  await page.goto('/contacts');
  await card('Zoé Quémener').waitFor();
  await act('Lamaneurs', 'Écrire');
  await page.locator('.composer .chip', { hasText: 'Zoé Quémener' }).waitFor();
  await page.getByRole('button', { name: 'Supprimer le brouillon' }).click();
  await act('Lamaneurs', 'Renommer');
  await page.getByRole('dialog').getByRole('textbox', { name: 'Nom' }).fill('Lamaneurs du port');
  await page.keyboard.press('Enter');
  await act('Lamaneurs du port', 'Supprimer');
  await books.getByRole('link', { name: 'Lamaneurs du port' }).waitFor({ state: 'detached' });
  await page.getByText('« Lamaneurs du port » supprimé').waitFor();
  await page.keyboard.press('z');
  await books.getByRole('link', { name: 'Lamaneurs du port' }).waitFor();
});

test('without a network a new contact is kept at once, and is there when the network is back', async () => {
  await page.context().setOffline(true);
  await page.getByRole('status').getByText('Hors ligne').first().waitFor();
  await page.keyboard.press('c');
  await page.getByRole('textbox', { name: 'Prénom' }).fill('Goulven');
  await page.keyboard.press('Control+Enter');
  await page.getByText('Goulven enregistré').waitFor();
  await page.getByRole('textbox', { name: 'Prénom' }).waitFor({ state: 'detached' });
  await page.context().setOffline(false);
  await card('Goulven').waitFor();
});

test('it is found without accents, and suggested where one writes', async () => {
  await page.keyboard.press('f');
  await page.keyboard.type('zoe quemener');
  await card('Zoé Quémener').waitFor();
  await eventually(async () => assert.equal(await page.locator('.contacts [role="option"]').count(), 1));
  await page.keyboard.press('Escape');
  await page.goto('/mail/inbox');
  await page.waitForSelector('[role="option"]');
  await page.keyboard.press('c');
  await page.getByRole('combobox', { name: 'À' }).fill('quem');
  await page.locator('.composer [role="option"]', { hasText: 'zoe.quemener@port.example' }).waitFor();
  await page.keyboard.press('Enter');
  await page.locator('.composer .chip', { hasText: 'Zoé Quémener' }).waitFor();
  await page.keyboard.press('Escape');
  await page.goto('/contacts');
  await page.getByRole('heading', { name: 'Tous les contacts' }).waitFor();
});

test('two of one person become one, and two again', async () => {
  await make('Zoe', 'Quemener', 'zoe.quemener@port.example');
  await page.goto('/contacts/duplicates');
  const group = page.locator('fieldset', { hasText: 'zoe.quemener@port.example' });
  await group.getByRole('button', { name: 'N’en faire qu’un' }).click();
  await group.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Annuler' }).click();
  await group.waitFor();
});

test('a file of cards is looked at, then taken in; one that is none says in which line', async () => {
  const vcf = (text) => ({ name: 'anciens.vcf', mimeType: 'text/vcard', buffer: Buffer.from(text.replaceAll('\n', '\r\n')) });
  const choose = async (file) => {
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: 'Importer un fichier' }).click()]);
    await chooser.setFiles(file);
  };
  await choose(vcf('BEGIN:VCARD\nVERSION:4.0\nnothing at all\nEND:VCARD\n'));
  await page.getByRole('dialog').getByRole('alert').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Annuler' }).click();
  await choose(vcf('BEGIN:VCARD\nVERSION:4.0\nFN:Gaël Le Bihan\nEMAIL:gael@port.example\nEND:VCARD\n'));
  await page.getByRole('dialog').getByText('Gaël Le Bihan').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Importer' }).click();
  await page.goto('/contacts?q=bihan');
  await card('Gaël Le Bihan').waitFor();
  assert.deepEqual(page.faults, []);
});
