/** Spaces: made, filled with people, with what is new in them, archived, deleted and restored. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DESKTOP, PHONE, accessible, demo, enter, eventually, jmap, launch, person, shot, sound } from './harness.mjs';

const RUN = Date.now().toString(36);
const NAME = `Équipe barrages ${RUN}`;
const manager = person('fr');
const other = person('vi');
let browser;

before(async () => { browser = await launch(); });
after(async () => { await browser.close(); });

test('a space is made in one step, and its members see it at once', async () => {
  const page = await enter(browser, manager);
  const guest = await enter(browser, other);
  await page.goto('/spaces');
  await page.getByRole('button', { name: 'Nouvel espace' }).first().click();
  await page.getByLabel('Nom', { exact: true }).fill(NAME);
  await page.getByLabel('À quoi il sert').fill('Suivre les relevés et préparer la visite.');
  await accessible(page, 'spaces-new');
  await page.getByRole('button', { name: 'Créer' }).click();
  await page.getByRole('heading', { name: NAME, level: 1 }).waitFor();
  await page.getByText('Personne d’autre n’est encore dans cet espace.').waitFor();
  await page.getByRole('button', { name: 'Ajouter des personnes ou des groupes' }).click();
  await page.getByRole('combobox', { name: 'Ajouter' }).fill(other.name);
  await page.getByRole('list', { name: 'Ajouter' }).getByRole('button').first().click();
  await page.getByRole('combobox', { name: `Rôle de ${other.name}` }).waitFor();
  await accessible(page, 'spaces-members');
  await page.getByRole('button', { name: 'Terminé' }).click();
  await guest.goto('/spaces');
  await guest.getByRole('link', { name: NAME }).click();
  await guest.getByRole('heading', { name: NAME, level: 1 }).waitFor();
  await guest.getByRole('link', { name: 'Thư', exact: true }).waitFor();
  assert.deepEqual([...page.faults, ...guest.faults], []);
  await guest.context().close();
  await page.context().close();
});

test('what is new in a space is told, and opens', async () => {
  const page = await enter(browser, manager);
  await page.goto('/spaces');
  await page.getByRole('link', { name: NAME }).click();
  await page.getByRole('heading', { name: NAME, level: 1 }).waitFor();
  const space = new URL(page.url()).pathname.split('/')[2];
  const inbox = (await jmap(page, [['Mailbox/query', { accountId: space, filter: { role: 'inbox' } }]]))[0].ids[0];
  const subject = `Relevés ${RUN}`;
  const draft = { mailboxIds: { [inbox]: true }, from: [{ name: manager.name, email: manager.address }], subject, bodyValues: { 1: { value: 'Bonjour' } }, textBody: [{ partId: '1', type: 'text/plain' }] };
  await jmap(page, [['Email/set', { accountId: space, create: { m: draft } }]]);
  const row = page.getByRole('button', { name: subject });
  await row.waitFor();
  await jmap(page, [['FileNode/set', { accountId: space, create: { f: { name: 'Cotes', nodeType: 'directory' } } }]]);
  await page.getByRole('button', { name: 'Cotes' }).getByText(manager.name).waitFor();
  await page.getByRole('list', { name: 'Ce que l’espace contient' }).getByRole('link', { name: 'Contacts' }).click();
  await page.waitForURL(`**/contacts/book/${space}~*`);
  await page.goBack();
  await calendarOf(page, space);
  await accessible(page, 'spaces');
  await row.click();
  await page.getByText('Bonjour').first().waitFor();
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

/** From a space's page to its calendar alone, which the address says, and back to all. */
async function calendarOf(page, space) {
  await page.getByRole('list', { name: 'Ce que l’espace contient' }).getByRole('link', { name: 'Agenda' }).click();
  const mine = page.getByRole('navigation', { name: 'Agendas' }).getByRole('checkbox').first();
  const alone = page.locator('header .only', { hasText: NAME });
  const all = page.getByRole('navigation', { name: 'Agendas' }).getByRole('checkbox', { checked: true });
  await alone.waitFor();
  assert.equal(new URL(page.url()).searchParams.get('of'), space);
  await eventually(async () => assert.equal(await all.count(), 1));
  assert.equal(await mine.getAttribute('aria-checked'), 'false');
  await page.keyboard.press('c');
  await eventually(async () => assert.ok((await page.getByRole('dialog').getByRole('combobox', { name: 'Agenda' }).inputValue()).startsWith(`${space}/`)));
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Mois', exact: true }).click();
  await page.reload();
  await alone.waitFor();
  await sound(page, 'spaces-calendar', DESKTOP);
  await mine.click();
  await page.locator('header .only', { hasText: '2 agendas' }).waitFor();
  await page.goBack();
  await alone.getByRole('button', { name: 'Afficher tous les agendas' }).click();
  await alone.waitFor({ state: 'detached' });
  assert.equal(await mine.getAttribute('aria-checked'), 'true');
  await page.getByRole('button', { name: 'Semaine', exact: true }).click();
  await page.goto(`/spaces/${space}`);
}

test('a space has a room, whose last words are on its page', async () => {
  const page = await enter(browser, manager);
  const guest = await enter(browser, other);
  await page.goto('/spaces');
  await page.getByRole('link', { name: NAME }).click();
  await guest.goto('/spaces');
  await guest.getByRole('link', { name: NAME }).click();
  await guest.getByText('Chưa có ai nói gì.').waitFor();
  await page.getByRole('link', { name: 'Ouvrir dans le chat' }).click();
  await page.getByRole('textbox', { name: `Écrire dans ${NAME}` }).fill('La visite est **jeudi**.');
  await page.keyboard.press('Enter');
  await page.getByRole('log').getByText('La visite est').waitFor();
  await page.getByRole('button', { name: 'Actions du salon' }).click();
  await page.getByRole('menuitem', { name: 'Réglages du salon' }).waitFor();
  assert.equal(await page.getByRole('menuitem', { name: 'Quitter le salon' }).count(), 0);
  await page.getByRole('menuitem', { name: 'Réglages du salon' }).click();
  await page.getByText('Qui est dans l’espace est dans ce salon').waitFor();
  assert.ok(await page.getByRole('textbox', { name: 'Nom', exact: true }).isDisabled());
  await page.getByRole('textbox', { name: 'De quoi on y parle' }).fill('Barrages et vannes');
  await sound(page, 'spaces-room-settings', DESKTOP);
  await page.getByRole('button', { name: 'Enregistrer', exact: true }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.getByText('Barrages et vannes').waitFor();
  await page.getByRole('button', { name: 'Personnes' }).click();
  await page.getByRole('region', { name: 'Personnes' }).getByText(other.name).waitFor();
  await shot(page, 'spaces-room');
  const last = guest.getByRole('link', { name: 'La visite est jeudi.' });
  await last.waitFor();
  await sound(guest, 'spaces-talk', DESKTOP);
  await sound(guest, 'spaces-talk', PHONE);
  await last.click();
  await guest.getByRole('log').getByText('La visite est').waitFor();
  assert.deepEqual([...page.faults, ...guest.faults], []);
  await guest.context().close();
  await page.context().close();
});

test('what is put at the top of a space is told to be there; it can be moved into other files than those of the space', async () => {
  const page = await enter(browser, manager);
  await page.goto('/spaces');
  await page.getByRole('link', { name: NAME }).click();
  await page.getByRole('heading', { name: NAME, level: 1 }).waitFor();
  const accountId = new URL(page.url()).pathname.split('/')[2];
  const node = (name, more) => ({ accountId, create: { n: { parentId: null, nodeType: 'directory', name, ...more } } });
  const [{ created }] = await jmap(page, [['FileNode/set', node('Relevés')]]);
  await jmap(page, [['FileNode/set', node('Avril', { parentId: created.n.id })]]);
  await page.goto(`/files/f/${accountId}~${created.n.id}`);
  await page.getByRole('option', { name: 'Avril' }).waitFor();
  await page.keyboard.press('v');
  await page.getByRole('dialog').getByText('Pas de dossier ici').waitFor();
  await page.keyboard.press('Backspace');
  await page.getByRole('dialog').getByText(NAME).waitFor();
  await page.keyboard.press('Backspace');
  await page.getByRole('dialog').getByRole('button', { name: 'Mes fichiers' }).click();
  await page.getByRole('dialog').getByRole('button', { name: NAME }).waitFor({ state: 'detached' });
  await page.getByRole('dialog').getByRole('button', { name: 'Déplacer ici' }).waitFor();
  await page.keyboard.press('Backspace');
  await page.getByRole('dialog').getByRole('button', { name: NAME }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Déplacer ici' }).click();
  await page.getByText(`« Avril » déplacé dans « ${NAME} »`).waitFor();
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test('a task of a space is given to its members, not to the space', async () => {
  const page = await enter(browser, manager);
  await page.goto('/spaces');
  await page.getByRole('link', { name: NAME }).click();
  await page.getByRole('link', { name: 'Tâches' }).last().click();
  await page.locator('.tasks .head').getByText(NAME).waitFor();
  await page.getByRole('textbox', { name: 'Nouvelle tâche' }).fill(`Relever la vanne @${other.name.split(' ')[0]}`);
  await page.locator('.said', { hasText: other.name }).waitFor();
  await page.keyboard.press('Enter');
  await page.locator('.tasks [role="option"]', { hasText: 'Relever la vanne' }).click();
  await page.locator('.chip', { hasText: other.name }).waitFor();
  const offered = await page.getByRole('combobox', { name: 'Confier à…' }).locator('option').allTextContents();
  assert.deepEqual(offered, ['Confier à…', manager.name, 'Quelqu’un d’autre…']);
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test('a space is archived, deleted, and restored', async () => {
  const page = await enter(browser, manager);
  await page.goto('/spaces');
  await page.getByRole('link', { name: NAME }).click();
  const more = () => page.getByRole('main').getByRole('button', { name: 'Plus' }).click();
  await more();
  await page.getByRole('menuitem', { name: 'Archiver' }).click();
  await page.getByText('Cet espace est archivé').waitFor();
  await more();
  await page.getByRole('menuitem', { name: 'Supprimer l’espace' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Supprimer l’espace' }).click();
  const found = async () => (await jmap(page, [['Space/get', { ids: null }]]))[0].list.find((one) => one.name === NAME);
  await eventually(async () => assert.ok((await found()).deletes));
  await page.goto('/spaces');
  await page.getByRole('link', { name: NAME }).click();
  await page.getByText('Cet espace a été supprimé').waitFor();
  await page.getByRole('main').getByRole('button', { name: 'Restaurer' }).click();
  await eventually(async () => assert.equal((await found()).deletes, null));
  assert.deepEqual(page.faults, []);
  await page.context().close();
});
