import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { accessible, anew, arrive, eventually, jmap, launch, person, shot } from './harness.mjs';

let browser;
let page;
let domain;
before(async () => (browser = await launch()));
after(() => browser.close());
beforeEach(async () => {
  page = await anew(browser, person('fr', 2), page);
  domain = person('fr', 2).address.split('@')[1];
  await jmap(page, [['Preferences/set', { update: { singleton: { fineWarnings: [] } } }]]);
  await page.reload();
  await page.waitForSelector('[role="option"]');
});

const named = (what) => `${what} ${Date.now() % 1_000_000}`;
const letter = (subject, from, fields, html) =>
  `From: ${from}\nTo: ${person('fr', 2).address}\nSubject: ${subject}\nMessage-ID: <${Math.random()}@test.example>\n${fields}MIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n${html}\n`;
const row = (subject) => page.locator('[role="option"]', { hasText: subject });
const note = () => page.getByRole('note');
/** A domain that looks like ours: one letter is another's. */
const like = () => domain.replace('a', 'á');
const ascii = (name) => new URL(`http://${name}`).hostname;

/** A message from a look-alike of our domain, whose answers go elsewhere and whose link lies. */
async function deceive(subject) {
  const [id] = await arrive(page, [letter(subject, `"${person('fr', 1).name}" <direction@${ascii(like())}>`, 'Reply-To: caisse@ailleurs.example\n',
    `<p>Bonjour,</p><p>Merci de régler aujourd’hui sur <a href="https://voleur.example/compte?id=1">www.${domain}</a>.</p>`)]);
  await row(subject).waitFor();
  await row(subject).click();
  return id;
}

test('an imitated domain and colleague, answers that go elsewhere and a link that lies are one calm banner', async () => {
  const subject = named('Virement');
  await deceive(subject);
  await note().getByText('un domaine qui ne fait que ressembler au vôtre').waitFor();
  await eventually(async () => assert.equal(await note().count(), 1));
  await note().getByText(ascii(like())).waitFor();
  await eventually(async () => assert.ok((await note().locator('mark').first().textContent()).includes('á')));
  await accessible(page, 'warning');
  await note().getByRole('button', { name: /autres? remarques?/ }).click();
  await note().getByText('Le nom').first().waitFor();
  await note().getByText('caisse@ailleurs.example').waitFor();
  await note().getByText('voleur.example').waitFor();
  await accessible(page, 'warning-all');
  assert.deepEqual(page.faults, []);
});

test('a link of a suspicious message asks first and shows the true host', async () => {
  const subject = named('Lien');
  await deceive(subject);
  await note().waitFor();
  const pages = page.context().pages().length;
  await page.frameLocator('article iframe').getByRole('link').click();
  const dialog = page.getByRole('dialog', { name: 'Où mène ce lien' });
  await eventually(async () => assert.equal(await dialog.locator('b').textContent(), 'voleur.example'));
  await dialog.getByText(`www.${domain}`).waitFor();
  await accessible(page, 'link-asked');
  await eventually(async () => assert.equal(await page.evaluate(() => document.activeElement?.textContent.trim()), 'Rester ici'));
  const leave = dialog.getByRole('link', { name: 'Ouvrir voleur.example' });
  await eventually(async () => assert.deepEqual([await leave.getAttribute('href'), await leave.getAttribute('rel')], ['https://voleur.example/compte?id=1', 'noopener noreferrer nofollow']));
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await page.frameLocator('article iframe').getByRole('link').click({ button: 'middle' });
  await dialog.waitFor();
  await dialog.getByRole('button', { name: 'Rester ici' }).click();
  assert.equal(page.context().pages().length, pages);
  assert.deepEqual(page.faults, []);
});

test('"Tout va bien" is remembered for the sender, on the server, and can be taken back', async () => {
  const subject = named('Ami');
  await deceive(subject);
  await note().getByRole('button', { name: 'Tout va bien' }).click();
  await note().getByText('porte le nom d’un collègue').waitFor(); // what was not read yet comes forward
  await page.getByRole('button', { name: 'Annuler' }).click();
  await note().getByText('un domaine qui ne fait que ressembler au vôtre').waitFor();
  await note().getByRole('button', { name: /autres? remarques?/ }).click();
  await note().getByRole('button', { name: 'Tout va bien' }).click();
  await note().waitFor({ state: 'detached' });
  await eventually(async () => assert.ok((await jmap(page, [['Preferences/get', { ids: null }]]))[0].list[0].fineWarnings.length));
  const again = named('Encore');
  await deceive(again);
  await page.frameLocator('article iframe').getByRole('link').waitFor();
  await page.waitForTimeout(500);
  await eventually(async () => assert.equal(await note().count(), 0));
  assert.deepEqual(page.faults, []);
});

test('a first message says so quietly, and phishing is reported from the banner', async () => {
  const subject = named('Premier');
  await arrive(page, [letter(subject, `Nouveau <n${Date.now()}@neuf.example>`, '', '<p>Bonjour.</p>')]);
  await row(subject).click();
  await note().getByText('le premier message que vous recevez').waitFor();
  await eventually(async () => assert.equal(await note().getByRole('button', { name: 'Signaler' }).count(), 0));
  await shot(page, 'warning-first');
  const bad = named('Faux');
  await deceive(bad);
  await note().getByRole('button', { name: 'Signaler un hameçonnage' }).click();
  await row(bad).waitFor({ state: 'detached' });
  assert.deepEqual(page.faults, []);
});
