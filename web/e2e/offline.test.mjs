import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { enter, eventually, jmap, launch, person, stored, waiting } from './harness.mjs';

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

test('without a network it opens with what was read last, keeps changes, and sends them after', async () => {
  const page = await enter(browser, person('fr', 1), { worker: true });
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.keyboard.press('Enter');
  await page.locator('article .body').first().waitFor();
  const title = await page.locator('h1').last().textContent();
  await stored(page, 'Mailbox', 'Thread', 'EmailBody');

  await page.context().setOffline(true);
  await page.reload();
  await page.waitForSelector('[role="option"]');
  await page.getByText('Hors ligne.').waitFor();
  await eventually(async () => assert.equal(await page.locator('.thread h1').textContent(), title));
  await eventually(async () => assert.ok((await page.locator('article .body').last().textContent()) || (await page.locator('article iframe').count())));

  const subject = (await page.locator('[role="option"]').nth(1).locator('.subj b').textContent()).trim();
  const row = page.locator('[role="option"]').filter({ has: page.getByText(subject, { exact: true }) }).first(); // wherever it is when others have come
  const was = await row.locator('.star.on').count();
  await row.locator('.star').click();
  await eventually(async () => assert.notEqual(await row.locator('.star.on').count(), was));
  await waiting(page, 1);
  await page.reload(); // the change survives it, still without a network
  await page.waitForSelector('[role="option"]');
  await eventually(async () => assert.notEqual(await row.locator('.star.on').count(), was));

  await page.context().setOffline(false);
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await page.getByText('Hors ligne.').waitFor({ state: 'detached' });
  await waiting(page);
  const [, emails] = await jmap(page, [
    ['Email/query', { filter: { hasKeyword: '$flagged' } }],
    ['Email/get', { '#ids': { resultOf: 'c0', name: 'Email/query', path: '/ids' }, properties: ['subject'] }],
  ]);
  const flagged = emails.list.map((email) => email.subject.trim());
  assert.equal(flagged.some((one) => one.endsWith(subject)), !was, `${subject} among ${flagged.join(', ')}`);
  await row.locator('.star').click(); // as it was
  await waiting(page);
  assert.deepEqual(page.faults, []);
});

test('without a network the calendar opens, and an event that is written then is on the server after', async () => {
  const page = await enter(browser, person('fr', 1), { worker: true });
  await page.evaluate(() => navigator.serviceWorker.ready);
  await page.goto('/calendar/week');
  await page.locator('[data-column]').first().waitFor();
  await stored(page, 'Calendar', 'CalendarEvent');

  await page.context().setOffline(true);
  await page.reload();
  await page.locator('[data-column]').first().waitFor();
  const name = `Hors du réseau ${Date.now() % 100_000}`;
  await page.keyboard.press('c');
  await page.getByRole('textbox', { name: 'Quoi, quand et où' }).fill(`${name} aujourd’hui 18h`);
  await page.keyboard.press('Enter');
  await page.locator('[data-key]', { hasText: name }).waitFor();
  await waiting(page, 1);
  await page.reload(); // it survives this, still without a network
  await page.locator('[data-key]', { hasText: name }).waitFor();

  await page.context().setOffline(false);
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await eventually(async () => {
    const [{ ids }] = await jmap(page, [['CalendarEvent/query', { filter: { title: name } }]]);
    assert.equal(ids.length, 1);
    await jmap(page, [['CalendarEvent/set', { destroy: ids }]]);
  });
  await page.locator('[data-key]', { hasText: name }).waitFor({ state: 'detached' });
  assert.deepEqual(page.faults, []);
});
