import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { enter, launch, person } from './harness.mjs';

let browser;
let page;

before(async () => {
  browser = await launch();
  page = await enter(browser, person('fr', 3));
});
after(() => browser.close());

test('a message becomes a task in one key, and the task leads back to it', async () => {
  await page.goto('/mail/inbox');
  await page.locator('[role="option"]').first().click();
  await page.locator('article .body').first().waitFor();
  const thread = new URL(page.url()).pathname.split('/').at(-1);
  await page.keyboard.press('t');
  await page.getByRole('button', { name: 'Ouvrir', exact: true }).click();
  await page.locator('.tasks .source button').click();
  await page.locator('article .body').first().waitFor();
  assert.equal(new URL(page.url()).pathname.split('/').at(-1), thread);
  assert.deepEqual(page.faults, []);
});
