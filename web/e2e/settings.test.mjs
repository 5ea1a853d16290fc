import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { enter, launch, person } from './harness.mjs';

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

/** The server's answer to a change of the preferences. */
const saved = (page) => page.waitForResponse((answer) => (answer.request().postData() ?? '').includes('"Preferences/set"'));

test('the language changes at once, and is the same after a reload', async () => {
  const page = await enter(browser, person('fr', 2));
  await page.goto('/settings');
  const vietnamese = saved(page);
  await page.getByText('Tiếng Việt', { exact: true }).click();
  await page.getByRole('heading', { name: 'Giao diện và ngôn ngữ' }).waitFor();
  await vietnamese;
  await page.reload();
  await page.getByRole('heading', { name: 'Giao diện và ngôn ngữ' }).waitFor();
  const french = saved(page);
  await page.getByText('Français', { exact: true }).click();
  await page.getByRole('heading', { name: 'Apparence et langue' }).waitFor();
  await french; // the people of the demo are shared by all tests
  assert.deepEqual(page.faults, []);
});

test('somebody is let into the mail, and out again', async () => {
  const page = await enter(browser, person('fr', 2));
  const other = person('fr', 3);
  await page.goto('/settings/sharing');
  await page.getByRole('textbox', { name: 'Personne' }).fill(other.name.split(' ').at(-1));
  await page.getByRole('button', { name: other.name }).click();
  await page.getByRole('button', { name: `Autoriser ${other.name}` }).click();
  await page.getByRole('button', { name: `Retirer à ${other.name}` }).click();
  await page.getByRole('button', { name: `Retirer à ${other.name}` }).waitFor({ state: 'detached' });
  assert.deepEqual(page.faults, []);
});

test('all other sessions are ended at once', async () => {
  const who = person('fr', 4);
  const [first, second, page] = [await enter(browser, who), await enter(browser, who), await enter(browser, who)];
  await page.goto('/settings/security');
  await page.getByRole('button', { name: 'Mettre fin à toutes les autres' }).click();
  await page.getByRole('button', { name: 'Mettre fin à toutes les autres' }).waitFor({ state: 'detached' });
  for (const other of [first, second]) assert.equal((await other.request.get('/auth/session')).status(), 401);
  assert.equal((await page.request.get('/auth/session')).status(), 200);
});

test('an app password is shown once and removed', async () => {
  const page = await enter(browser, person('fr', 2));
  await page.goto('/settings/security');
  await page.getByRole('textbox', { name: 'Pour quel logiciel' }).fill('Essai');
  await page.getByRole('button', { name: 'Créer' }).click();
  assert.ok((await page.locator('.secret code').textContent()).length > 12);
  await page.reload();
  await page.getByRole('button', { name: 'Supprimer Essai' }).waitFor();
  assert.equal(await page.locator('.secret').count(), 0);
  await page.getByRole('button', { name: 'Supprimer Essai' }).click();
  await page.getByRole('button', { name: 'Supprimer Essai' }).waitFor({ state: 'detached' });
});
