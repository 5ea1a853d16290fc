import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { enter, eventually, launch, learned, person } from './harness.mjs';

let browser;
before(async () => {
  browser = await launch();
  const page = await enter(browser, person('fr'));
  await learned(page);
  await page.context().close();
});
after(() => browser.close());

/** How many ranges are marked in the page and in the frames of messages. */
const marked = () => [globalThis, ...[...document.querySelectorAll('article iframe')].map((frame) => frame.contentWindow)].reduce((sum, one) => sum + (one.CSS.highlights.get('passage')?.size ?? 0) + (one.CSS.highlights.get('long-passage')?.size ?? 0), 0);

test('words without accents are found, and the conversation opens at the passage by keyboard', async () => {
  const page = await enter(browser, person('fr'));
  await page.keyboard.press('/');
  await page.getByRole('combobox').fill('delegation');
  await page.keyboard.press('Enter');
  await page.locator('[data-row] mark', { hasText: 'délégation' }).first().waitFor();
  const down = await page.locator('[data-row]').evaluateAll((rows) => rows.findIndex((one, at) => at > 0 && one.dataset.kind === 'Email')); // what is said in rooms is found too
  for (let row = 0; row < down; row++) await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.waitForFunction(marked);
  assert.match(page.url(), /\/search\/\w+\/\w+\?q=delegation&h=/);
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => location.pathname === '/search');
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => location.pathname === '/mail/inbox');
  await page.goto('/search?q=delegation');
  await page.getByRole('button', { name: 'Avec fichier' }).click();
  await page.waitForFunction(() => new URLSearchParams(location.search).get('q') === 'delegation contient:fichier');
  await eventually(async () => assert.equal(await page.getByRole('combobox').inputValue(), 'delegation contient:fichier'));
  assert.deepEqual(page.faults, []);
});

test('what is not there is said, with a way to go on', async () => {
  const page = await enter(browser, person('fr'));
  await page.goto('/search?q=zzqqxxyy+de:zzqqxxyy');
  await page.getByText('Aucun résultat pour « zzqqxxyy »').waitFor();
  await page.getByRole('button', { name: 'Chercher partout' }).waitFor();
});

test('the words are marked in the subject too', async () => {
  const page = await enter(browser, person('fr'));
  await page.goto('/search?q=delegation');
  await page.locator('[data-row] .title mark', { hasText: /délégation/i }).first().waitFor();
});

test('a conversation is summarised in place, and a question can keep to it', async () => {
  const page = await enter(browser, person('fr'));
  await page.goto('/search?q=visite+délégation');
  await page.locator('[data-row][data-kind="Email"]').first().click();
  await page.getByRole('button', { name: 'Résumer' }).click();
  await page.locator('.summary .sources .source').first().waitFor({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Fermer' }).first().click();
  await page.locator('.summary').waitFor({ state: 'detached' });
  await page.keyboard.press('Control+j');
  await page.getByRole('button', { name: /Ce qu’il peut lire/ }).click();
  await page.getByRole('menuitemcheckbox', { name: 'Cette conversation' }).click();
  await page.locator('aside textarea').fill('Qui vient ?');
  const asked = page.waitForRequest((request) => (request.postData() ?? '').includes('"AssistantTurn/set"'));
  await page.keyboard.press('Enter');
  await eventually(async () => assert.match((await asked).postData(), /"about":\[\{"accountId":"\w+","kind":"Email","id":"\w+"/));
  await page.keyboard.press('Control+j'); // as it was: the panel's state is kept on the device only
  assert.deepEqual(page.faults, []);
});

test('the assistant answers with sources, and a source opens in its conversation', async () => {
  const page = await enter(browser, person('fr'));
  await page.keyboard.press('Control+j');
  await page.locator('aside textarea').fill('À quelle heure arrive la délégation à la gare ?');
  await page.keyboard.press('Enter');
  const source = page.locator('.sources .source').first();
  await source.waitFor({ timeout: 60_000 });
  await page.waitForFunction(() => document.querySelector('.answer')?.getAttribute('aria-busy') === 'false');
  await source.click();
  await page.locator('.sources .detail .acts button').first().click();
  await page.waitForFunction(() => /^\/mail\/[^/]+\/\w+/.test(location.pathname));
  await page.locator('article .body').first().waitFor();
  await Promise.any([page.waitForFunction(marked), page.locator('article figure').first().waitFor()]);
  assert.deepEqual(page.faults, []);
});
