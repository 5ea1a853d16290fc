import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { accessible, anew, arrive, enter, eventually, jmap, launch, learned, person, subjects, waiting } from './harness.mjs';

let browser;
let page;
before(async () => (browser = await launch()));
after(async () => {
  await chosen(await enter(browser, person('fr')), false);
  await browser.close();
});
beforeEach(async () => {
  page = await anew(browser, person('fr'), page);
  await chosen(page, false);
});

/** Puts the inboxes of all accounts together, or has them as in the beginning. */
function chosen(page, together) {
  return page.evaluate(async (together) => {
    const session = await (await fetch('/.well-known/jmap')).json();
    const home = session.primaryAccounts['urn:ietf:params:jmap:mail'];
    const others = Object.keys(session.accounts).filter((id) => id !== home && !session.accounts[id].isReadOnly);
    const body = { using: Object.keys(session.capabilities), methodCalls: [['Preferences/set', { accountId: home, update: { singleton: { favourites: [], inboxes: together ? Object.fromEntries(others.map((id) => [id, true])) : {} } } }, 'c']] };
    await fetch(session.apiUrl, { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Parvis': '1' }, body: JSON.stringify(body) });
  }, together);
}

const list = () => page.locator('nav.folders ul[aria-labelledby="favourites"]');
const names = () => list().locator('a > .trunc').allTextContents();

test('folders, labels and searches are kept among the favourites, in one’s own order, on all devices', async () => {
  await page.keyboard.press('Shift+F');
  await page.getByText('Ajouté aux favoris').waitFor();
  await page.getByRole('link', { name: 'Suivis' }).first().click({ button: 'right' });
  await page.getByRole('menuitemcheckbox', { name: 'Dans les favoris' }).click();
  await page.goto('/search?q=budget');
  await page.getByRole('button', { name: 'Garder dans les favoris' }).click();
  await page.goto('/mail/inbox');
  await list().getByRole('link', { name: 'budget' }).waitFor();
  await eventually(async () => assert.deepEqual(await names(), ['Réception', 'Suivis', 'budget']));
  await list().getByRole('link', { name: 'budget' }).focus();
  await page.keyboard.press('Alt+ArrowUp');
  await page.keyboard.press('Alt+ArrowUp');
  await page.getByRole('status').filter({ hasText: 'budget\u00a0: 1 sur 3' }).waitFor();
  await eventually(async () => assert.deepEqual(await names(), ['budget', 'Réception', 'Suivis']));
  await eventually(async () => assert.equal(await page.evaluate(() => document.activeElement.textContent.trim()), 'budget'));
  await list().getByRole('link', { name: 'Suivis' }).dragTo(list().getByRole('link', { name: 'budget' }));
  await eventually(async () => assert.deepEqual(await names(), ['Suivis', 'budget', 'Réception']));
  await accessible(page, 'favourites');
  await waiting(page);
  const other = await enter(browser, person('fr'));
  await other.locator('nav.folders ul[aria-labelledby="favourites"] a').first().waitFor();
  await eventually(async () => assert.deepEqual(await other.locator('nav.folders ul[aria-labelledby="favourites"] a > .trunc').allTextContents(), ['Suivis', 'budget', 'Réception']));
  await other.context().close();
  await list().getByRole('link', { name: 'budget' }).click();
  await page.waitForURL('**/search?q=budget');
  assert.deepEqual(page.faults, []);
});

test('all inboxes are one list: each row says whose it is, and is archived in its own account', async () => {
  await chosen(page, true);
  await page.goto('/mail/inboxes');
  await page.locator('[role="option"] .whose').first().waitFor();
  await accessible(page, 'inboxes');
  const whose = await page.locator('[role="option"] .whose').evaluateAll((all) => [...new Set(all.map((one) => one.title))]);
  assert.ok(whose.length > 1, String(whose));
  const unread = await page.locator('nav.folders .together .count').textContent();
  assert.ok(Number(unread) > 0);
  const before = await subjects(page);
  const rows = page.locator('[role="option"]');
  const other = page.locator('[role="option"]:has(.whose[title^="donnees@"])').first();
  await other.locator('[data-act="choose"]').click();
  await page.locator('[role="option"]:has(.whose[title^="camille"])').first().locator('[data-act="choose"]').click();
  await page.getByText('2 sélectionnées').or(page.getByText('2 sélectionnés')).first().waitFor();
  const size = Number(await rows.first().getAttribute('aria-setsize'));
  await page.keyboard.press('e');
  await page.waitForFunction((size) => Number(document.querySelector('[role="option"]').getAttribute('aria-setsize')) === size - 2, size);
  await waiting(page);
  await page.keyboard.press('z');
  await page.waitForFunction((size) => Number(document.querySelector('[role="option"]').getAttribute('aria-setsize')) === size, size);
  await waiting(page);
  await eventually(async () => assert.deepEqual(await subjects(page), before));
  assert.deepEqual(page.faults, []);
});

test('what is opened among all inboxes is read and answered in its account, and new mail comes on top', async () => {
  await chosen(page, true);
  await page.goto('/mail/inboxes');
  await page.locator('[role="option"] .whose').first().waitFor();
  const [id] = await arrive(page, ['From: Ada <ada@port.example>\nTo: camille.nguyen-riviere@valmont.example\nSubject: Tout juste arrivé\n\nBonjour\n']);
  await page.locator('[role="option"]').first().filter({ hasText: 'Tout juste arrivé' }).waitFor();
  await page.locator('[role="option"]:has(.whose[title^="visite@"])').first().click();
  await page.locator('article .body').first().waitFor();
  assert.match(page.url(), /\/mail\/inboxes\/\w+~\w+/);
  await page.reload();
  await page.locator('article .body').first().waitFor();
  await page.keyboard.press('u');
  await page.waitForURL('**/mail/inboxes');
  await jmap(page, [['Email/set', { destroy: [id] }]]);
  assert.deepEqual(page.faults, []);
});

test('which inboxes are together is chosen in the list and in the settings', async () => {
  await page.goto('/settings/accounts');
  const team = page.getByRole('switch', { name: /^visite@/ });
  await team.waitFor();
  await eventually(async () => assert.equal(await team.getAttribute('aria-checked'), 'false'));
  await team.click();
  await accessible(page, 'settings-accounts');
  await page.goto('/mail/inbox');
  await page.getByRole('link', { name: 'Toutes les boîtes' }).click();
  await page.locator('[role="option"] .whose').first().waitFor();
  await page.locator('section.list').getByRole('button', { name: 'Plus' }).click();
  await page.getByRole('menuitemcheckbox', { name: 'Visite de la délégation' }).click();
  await page.locator('[role="option"] .whose').first().waitFor({ state: 'detached' });
  await page.getByRole('heading', { level: 1, name: 'Réception' }).waitFor();
  assert.deepEqual(page.faults, []);
});

test('a search is of all accounts or of one', async () => {
  await learned(page);
  await page.goto('/search?q=replication');
  await page.locator('[data-row]').first().waitFor();
  await page.locator('.shared').first().waitFor();
  await page.getByRole('button', { name: 'Compte', exact: true }).click();
  await page.getByRole('menuitemcheckbox', { name: /^Données hydro/ }).click();
  await page.waitForURL(/compte%3Adonnees|compte:donnees/);
  await eventually(async () => {
    const owners = await page.locator('[data-row]').evaluateAll((all) => all.map((one) => one.querySelector('.shared')?.textContent.trim() ?? ''));
    assert.ok(owners.length && owners.every((name) => name.startsWith('Données hydro')), String(owners));
  });
  assert.deepEqual(page.faults, []);
});

test('an account elsewhere: what is wrong is said beside its field, and the form can be left', async () => {
  await page.goto('/settings/accounts');
  await page.getByRole('button', { name: 'Ajouter un compte' }).click();
  await page.getByLabel('Adresse').fill('ann@nulle-part.invalid');
  await accessible(page, 'elsewhere');
  await page.keyboard.press('Enter');
  await page.getByText('Aucun serveur trouvé').waitFor();
  const host = page.getByLabel('Serveur').first();
  await page.waitForFunction(() => document.activeElement?.closest('fieldset'));
  await host.fill('127.0.0.1');
  await page.getByLabel('Chiffrement').first().selectOption('starttls');
  await eventually(async () => assert.equal(await page.getByLabel('Port').first().inputValue(), '143'));
  await page.getByLabel('Port').first().fill('1');
  await page.getByRole('switch', { name: 'Envoyer aussi' }).click();
  await page.getByLabel('Mot de passe', { exact: true }).fill('secret');
  await page.getByRole('button', { name: 'Ajouter le compte' }).click();
  await page.locator('fieldset').getByRole('alert').filter({ hasText: '127.0.0.1' }).waitFor();
  await eventually(async () => assert.equal(await host.getAttribute('aria-invalid'), 'true'));
  await accessible(page, 'elsewhere-wrong');
  await page.getByRole('button', { name: 'Annuler' }).click();
  await page.getByLabel('Adresse').waitFor({ state: 'detached' });
  const [{ list: none }] = await jmap(page, [['ExternalAccount/get', { ids: null }]]);
  assert.deepEqual(none, []);
  assert.deepEqual(page.faults, []);
});

test('a message is written from another account, and its file goes with it', async () => {
  const subject = `Au nom de l’équipe ${Date.now() % 1e6}`;
  await page.keyboard.press('c');
  await page.locator('.prose').waitFor();
  await page.fill('.subject', subject);
  await page.setInputFiles('input[type=file]', { name: 'ordre.txt', mimeType: 'text/plain', buffer: Buffer.from('Ordre du jour') });
  await page.locator('.files .size').waitFor();
  await page.getByText('Brouillon enregistré').waitFor();
  const from = page.getByLabel('De', { exact: true });
  const team = await from.locator('option', { hasText: 'visite@' }).first().getAttribute('value');
  await from.selectOption(team);
  const [accountId] = team.split('/');
  const seen = (more) => jmap(page, [['Email/query', { ...more, filter: { subject, hasKeyword: '$draft' } }]]).then(([answer]) => answer.ids);
  await eventually(async () => assert.equal((await seen({ accountId })).length, 1));
  await eventually(async () => assert.deepEqual(await seen({}), []));
  await page.getByText('Brouillon enregistré').waitFor();
  const [id] = await seen({ accountId });
  const [{ list: [draft] }] = await jmap(page, [['Email/get', { accountId, ids: [id], properties: ['from', 'attachments'] }]]);
  assert.match(draft.from[0].email, /^visite@/);
  assert.equal(draft.attachments[0].name, 'ordre.txt');
  await accessible(page, 'compose-from');
  await page.getByRole('button', { name: 'Supprimer le brouillon' }).click();
  assert.deepEqual(page.faults, []);
});
