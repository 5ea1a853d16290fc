import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, eventually, launch, open, person, signIn } from './harness.mjs';

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

test('a wrong password is told in the language chosen, a right one opens the inbox', async () => {
  const page = await open(browser, { locale: 'en-GB' });
  const who = person('fr');
  await page.getByRole('button', { name: 'Français' }).click();
  await page.getByRole('heading', { name: 'Se connecter à Parvis' }).waitFor();
  await page.fill('input[name="username"]', who.address);
  await page.fill('input[name="password"]', 'wrong');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').waitFor();
  await eventually(async () => assert.match(await page.getByRole('alert').textContent(), /incorrect/));
  await accessible(page, 'sign-in-error');
  await signIn(page, who);
  await page.getByRole('heading', { level: 1, name: 'Réception' }).waitFor();
  assert.deepEqual(page.faults, []);
});

test('the language is switched in place', async () => {
  const page = await open(browser);
  await signIn(page, person('fr', 1));
  for (const [language, word] of [['Tiếng Việt', 'Hộp thư đến'], ['English', 'Inbox'], ['Français', 'Réception']]) {
    await page.locator('.me').click();
    await page.getByRole('menuitemcheckbox', { name: language }).click();
    await page.getByRole('heading', { level: 1, name: word }).waitFor();
  }
  await eventually(async () => assert.equal(await page.getAttribute('html', 'lang'), 'fr'));
});

test('signing out forgets everything on the device', async () => {
  const page = await open(browser);
  await signIn(page, person('fr', 2));
  const kept = () => page.evaluate(async () => (await indexedDB.databases()).filter((one) => one.name.startsWith('parvis-')).length);
  await eventually(async () => assert.equal(await kept(), 1));
  await page.locator('.me').click();
  await page.getByRole('menuitem', { name: 'Se déconnecter' }).click();
  await page.waitForSelector('input[name="username"]');
  assert.equal(await kept(), 0);
  await eventually(async () => assert.equal((await page.request.get('/auth/session')).status(), 401));
});
