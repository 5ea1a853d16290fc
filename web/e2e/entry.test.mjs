/** Who may come into a room: by asking, and let in by those who look after it; groups of rooms, and rooms that go on in another. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, DESKTOP, enter, eventually, launch, person, sound } from './harness.mjs';

const SERIAL = Date.now() % 100_000;
const NAME = `Jury ${SERIAL}`;
const PICTURE = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
let browser;
let helene;
let jerome;
const entry = (page, name = NAME) => page.getByRole('navigation', { name: 'Conversations' }).getByRole('link', { name: new RegExp(name) });
const field = (page) => page.getByRole('textbox', { name: `Écrire dans ${NAME}` });
const begin = async (page, item) => {
  await page.getByRole('button', { name: 'Nouvelle conversation ou nouveau salon' }).click();
  await page.getByRole('menuitem', { name: item }).click();
};
/** A question to Matrix in the page's own name. */
const matrix = (page, method, path, body) => page.evaluate(async ([how, where, content]) => (await fetch(`/_matrix/client/${where}`, { method: how, headers: { 'Content-Type': 'application/json', 'X-Parvis': '1' }, body: JSON.stringify(content) })).json(), [method, path, body]);

before(async () => {
  browser = await launch();
  [helene, jerome] = await Promise.all([enter(browser, person('fr', 1)), enter(browser, person('fr', 3))]);
  await Promise.all([helene.goto('/chat'), jerome.goto('/chat')]);
});
after(() => browser.close());

test('a room that one may ask to join is found, and who asks is let in', async () => {
  await begin(helene, 'Nouveau salon');
  await helene.getByRole('textbox', { name: 'Nom', exact: true }).fill(NAME);
  await helene.getByRole('combobox', { name: 'Qui peut entrer' }).selectOption('Sur demande');
  const whom = helene.getByRole('combobox', { name: 'Qui inviter' });
  await whom.fill('zzz');
  await helene.getByRole('status').filter({ hasText: 'Aucune personne trouvée' }).waitFor();
  await whom.fill('Inès');
  await helene.getByRole('dialog').getByRole('button', { name: /Inès Ben Youssef/ }).waitFor();
  await whom.press('Enter');
  await helene.getByRole('button', { name: 'Ne pas inviter Inès Ben Youssef' }).waitFor();
  await sound(helene, 'entry-new', DESKTOP);
  await helene.getByRole('button', { name: 'Créer' }).click();
  await field(helene).waitFor();
  await begin(jerome, 'Salons à rejoindre');
  await jerome.getByRole('searchbox', { name: 'Trouver un salon' }).fill(NAME);
  const offer = jerome.getByRole('dialog').getByRole('listitem').filter({ hasText: NAME });
  await offer.getByRole('button', { name: 'Demander à entrer' }).click();
  await jerome.getByText(new RegExp(`Vous avez demandé à entrer dans «\\s${NAME}\\s»`)).waitFor();
  await entry(jerome).getByText('En attente de réponse').waitFor();
  await accessible(jerome, 'entry-asked');
  const asks = helene.getByRole('status').filter({ hasText: 'Jérôme Œuvrard demande à entrer' });
  await asks.waitFor();
  await sound(helene, 'entry-asks', DESKTOP);
  await asks.getByRole('button', { name: 'Faire entrer Jérôme Œuvrard' }).click();
  await asks.waitFor({ state: 'detached' });
  await jerome.getByRole('button', { name: 'Accepter' }).click();
  await field(jerome).waitFor();
});

test('who looks after a room lets others look after it', async () => {
  const settings = async () => {
    await jerome.getByRole('button', { name: 'Actions du salon' }).click();
    await jerome.getByRole('menuitem', { name: 'Réglages du salon' }).click();
  };
  await settings();
  await jerome.getByText('Seules les personnes qui gèrent le salon peuvent changer ceci.').waitFor();
  await jerome.keyboard.press('Escape');
  await helene.getByRole('button', { name: 'Personnes' }).click();
  const row = helene.getByRole('listitem').filter({ hasText: 'Jérôme' });
  await row.getByRole('button', { name: /^Actions pour/ }).click();
  await helene.getByRole('menuitemradio', { name: 'Modération' }).or(helene.getByRole('menuitemcheckbox', { name: 'Modération' })).click();
  await row.getByText('Modération').waitFor();
  const [chooser] = await Promise.all([helene.waitForEvent('filechooser'), (async () => {
    await helene.getByRole('button', { name: 'Actions du salon' }).click();
    await helene.getByRole('menuitem', { name: 'Réglages du salon' }).click();
    await helene.getByRole('button', { name: 'Choisir une image' }).click();
  })()]);
  await chooser.setFiles({ name: 'quai.png', mimeType: 'image/png', buffer: PICTURE });
  await helene.getByRole('button', { name: 'Retirer l’image' }).waitFor();
  await sound(helene, 'entry-settings', DESKTOP);
  await helene.keyboard.press('Escape');
  const picture = entry(jerome).locator('img');
  await eventually(async () => assert.ok(await picture.evaluate((image) => image.naturalWidth)));
  await eventually(async () => {
    await settings();
    const able = await jerome.getByRole('textbox', { name: 'Nom', exact: true }).isEnabled();
    if (!able) await jerome.keyboard.press('Escape');
    assert.ok(able);
  });
  await jerome.getByRole('combobox', { name: 'Qui peut entrer' }).selectOption('Sur invitation');
  await jerome.getByRole('combobox', { name: 'Durée de conservation des messages' }).selectOption('90 jours');
  await jerome.getByRole('button', { name: 'Enregistrer', exact: true }).click();
  await jerome.getByRole('dialog').waitFor({ state: 'detached' });
  const { chunk } = await matrix(helene, 'POST', 'v3/publicRooms', { filter: { generic_search_term: NAME } });
  assert.deepEqual(chunk, []);
  const id = decodeURIComponent(new URL(helene.url()).pathname.split('/')[2]);
  assert.deepEqual(await matrix(helene, 'GET', `v3/rooms/${encodeURIComponent(id)}/state/m.room.retention`), { max_lifetime: 90 * 86_400_000 });
  await settings();
  assert.equal(await jerome.getByRole('combobox', { name: 'Durée de conservation des messages' }).locator('option:checked').textContent(), '90 jours');
  await jerome.keyboard.press('Escape');
});

test('a group of rooms shows what it holds, and a room that goes on elsewhere leads there', async () => {
  const room = decodeURIComponent(new URL(helene.url()).pathname.split('/')[2]);
  const { room_id: group } = await matrix(helene, 'POST', 'v3/createRoom', { name: `Groupe ${SERIAL}`, creation_content: { type: 'm.space' } });
  await matrix(helene, 'PUT', `v3/rooms/${encodeURIComponent(group)}/state/m.space.child/${encodeURIComponent(room)}`, { via: [room.split(':')[1] ?? group.split(':')[1]] });
  await entry(helene, `Groupe ${SERIAL}`).click();
  await helene.getByRole('listitem').filter({ hasText: NAME }).getByRole('button', { name: 'Ouvrir' }).waitFor();
  await sound(helene, 'entry-group', DESKTOP);
  await helene.getByRole('listitem').filter({ hasText: NAME }).getByRole('button', { name: 'Ouvrir' }).click();
  await field(helene).waitFor();
  const { replacement_room: next, ...wrong } = await matrix(helene, 'POST', `v3/rooms/${encodeURIComponent(room)}/upgrade`, { new_version: '12' });
  assert.deepEqual(wrong, {});
  const onwards = helene.getByRole('region', { name: NAME }).getByRole('button', { name: 'Y aller' });
  await onwards.waitFor();
  await accessible(helene, 'entry-onwards');
  await onwards.click();
  await helene.waitForURL((url) => decodeURIComponent(url.pathname).includes(next));
  await field(helene).waitFor();
  assert.deepEqual([helene.faults, jerome.faults], [[], []]);
});
