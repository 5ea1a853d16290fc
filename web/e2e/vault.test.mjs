import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { accessible, anew, arrive, eventually, jmap, launch, person } from './harness.mjs';

let browser;
let page;
before(async () => (browser = await launch()));
after(() => browser.close());
beforeEach(async () => {
  page = await anew(browser, person('fr', 2), page);
});

const named = (what) => `${what} ${Date.now() % 1_000_000}`;
const letter = (subject) =>
  `From: Thérèse Đặng <therese@voisin.example>\nTo: ${person('fr', 2).address}\nSubject: =?utf-8?B?${Buffer.from(subject).toString('base64')}?=\nMessage-ID: <${Math.random()}@voisin.example>\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nLe texte même de ${subject}.\n`;
const row = (subject) => page.locator('[role="option"]', { hasText: subject });
const kept = async () => (await jmap(page, [['VaultEmail/get', { ids: null }]]))[0].list;
/** Messages that were deleted for good; the ids they had. */
async function deleted(...all) {
  const ids = await arrive(page, all.map(letter));
  const [{ destroyed }] = await jmap(page, [['Email/set', { destroy: ids }]]);
  assert.equal(destroyed.length, all.length);
  return ids;
}
async function inMailbox(id) {
  const [{ list }] = await jmap(page, [['Email/get', { ids: [id], properties: ['mailboxIds', 'subject'] }]]);
  return list[0];
}
test('what was deleted for good is reached from the trash, found without accents, looked at, restored, and put back by undo', async () => {
  const subject = named('Dépôt élevé');
  const [id] = await deleted(subject, named('Autre'));
  await page.getByRole('link', { name: 'Corbeille' }).click();
  await page.getByRole('link', { name: 'Supprimés récemment' }).click();
  await row(subject).waitFor();
  await row(subject).getByText('encore 30 jours').waitFor();
  await accessible(page, 'vault');
  await page.getByRole('searchbox').fill('depot eleve dang');
  await page.getByText('Rien ne correspond').waitFor();
  await page.getByRole('searchbox').fill('depot eleve');
  await row('Autre').waitFor({ state: 'detached' });
  await row(subject).click();
  await page.getByText(`Le texte même de ${subject}.`).waitFor();
  await page.getByText('Thérèse Đặng').last().waitFor();
  await accessible(page, 'vault-message');
  await page.getByRole('region', { name: subject }).getByRole('heading', { level: 1 }).waitFor();
  await page.getByRole('button', { name: 'Restaurer' }).click();
  await page.getByText('Restauré à sa place').waitFor();
  await row(subject).waitFor({ state: 'detached' });
  await eventually(async () => assert.equal((await inMailbox(id))?.subject, subject));
  await page.getByRole('button', { name: 'Annuler' }).click();
  await row(subject).waitFor();
  await eventually(async () => assert.ok(!(await inMailbox(id))));
  await eventually(async () => assert.ok((await kept()).some((one) => one.subject === subject)));
  assert.deepEqual(page.faults, []);
});

test('many are chosen by keys, restored at once, and removed before their time with a moment to take it back', async () => {
  const base = named('Lot');
  const ids = await deleted(`${base} a`, `${base} b`, `${base} c`);
  await page.goto('/deleted');
  await row(`${base} a`).waitFor();
  await page.getByRole('searchbox').fill(base);
  await page.waitForFunction(() => document.querySelectorAll('[role="option"]').length === 3);
  await page.getByRole('listbox').focus();
  await page.keyboard.press('x');
  await page.keyboard.press('j');
  await page.keyboard.press('x');
  await page.getByText('2 sélectionnés').waitFor();
  await accessible(page, 'vault-chosen');
  await page.keyboard.press('r');
  await page.getByText('2 messages restaurés à leur place').waitFor();
  await page.waitForFunction(() => document.querySelectorAll('[role="option"]').length === 1);
  const back = (await Promise.all(ids.map(inMailbox))).filter(Boolean);
  assert.equal(back.length, 2);
  await page.keyboard.press('#');
  await page.getByText('Rien ne correspond').waitFor();
  await page.keyboard.press('z');
  await row(base).waitFor();
  await page.keyboard.press('#');
  await page.getByText('Rien ne correspond').waitFor();
  await eventually(async () => assert.ok(!(await kept()).some((one) => one.subject.startsWith(base))));
  await page.keyboard.press('Escape');
  await page.waitForURL('**/mail/trash');
  assert.deepEqual(page.faults, []);
});
