import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { accessible, anew, eventually, jmap, launch, person, toDoor } from './harness.mjs';

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

const who = person('fr', 3);
/** A run finds nothing of an earlier one. */
const RUN = Date.now().toString(36);
const LIST = `${RUN}.port.example`;

/** A message from another server. */
const deliver = (subject, { list = '', ...more } = {}) => toDoor({ to: who.address, subject, head: list ? [`List-Id: ${list}`] : [], ...more });

/** Nobody has filters before a test. */
async function clean(page) {
  const [{ list }] = await jmap(page, [['SieveScript/get', { ids: null }]]);
  await jmap(page, [['SieveScript/set', { onSuccessDeactivateScript: true }], ['SieveScript/set', { destroy: list.map((one) => one.id) }]]);
}
async function script(page, source) {
  const [{ created }] = await jmap(page, [['Blob/upload', { create: { b: { data: [{ 'data:asText': source }], type: 'application/sieve' } } }]]);
  await jmap(page, [['SieveScript/set', { create: { s: { name: 'main', blobId: created.b.id } }, onSuccessActivateScript: '#s' }]]);
}
const names = (page) => page.locator('ol li b').allTextContents();
const saved = (page) => page.waitForResponse((answer) => (answer.request().postData() ?? '').includes('"SieveScript/set"'));
/** Where the newest message of a subject is, by the names of its mailboxes. */
async function place(page, subject) {
  const [{ ids }, { list: boxes }] = await jmap(page, [['Email/query', { filter: { subject }, sort: [{ property: 'receivedAt', isAscending: false }] }], ['Mailbox/get', { ids: null }]]);
  const [{ list }] = await jmap(page, [['Email/get', { ids: ids.slice(0, 1), properties: ['mailboxIds', 'keywords'] }]]);
  return { names: Object.keys(list[0].mailboxIds).map((id) => boxes.find((box) => box.id === id).name), keywords: Object.keys(list[0].keywords) };
}

let page;
beforeEach(async () => {
  page = await anew(browser, who, page);
  await clean(page);
});

test('a filter is made from a message, files the next one, and the message says why', async () => {
  await deliver(`Marées de novembre ${RUN}`, { list: `Lettre du port <${LIST}>` });
  await page.locator('[role="option"]', { hasText: `Marées de novembre ${RUN}` }).first().click();
  await page.getByRole('button', { name: 'Autres actions pour ce message' }).last().click();
  await page.getByRole('menuitem', { name: 'Filtrer les messages de ce genre' }).click();
  await eventually(async () => assert.equal(await page.getByRole('textbox', { name: 'Condition 1 : texte' }).inputValue(), LIST));
  await accessible(page, 'filters-new');
  await page.getByRole('button', { name: 'Enregistrer' }).click();
  await page.getByText('Choisissez un dossier.').waitFor();
  await page.getByRole('combobox', { name: 'Action 1 : dossier' }).selectOption({ label: 'Archives' });
  await page.getByRole('button', { name: 'Ajouter une action' }).click();
  await page.getByRole('textbox', { name: 'Nom' }).fill('Lettre du port');
  await page.getByRole('button', { name: 'Enregistrer' }).click();
  await page.getByRole('listitem').getByText('déplacer vers Archives et marquer comme lu').waitFor();

  await deliver(`Marées de décembre ${RUN}`, { list: `Lettre du port <${LIST}>` });
  await page.goto('/mail/archive');
  await page.locator('[role="option"]', { hasText: `Marées de décembre ${RUN}` }).first().click();
  await eventually(async () => assert.ok((await place(page, `Marées de décembre ${RUN}`)).keywords.includes('$seen')));
  await page.getByRole('button', { name: 'Autres actions pour ce message' }).last().click();
  await page.getByRole('menuitem', { name: 'Pourquoi est-il ici' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Filtre « Lettre du port »').waitFor();
  await eventually(async () => assert.match((await dialog.textContent()).replaceAll('\u00a0', ' '), new RegExp(`déplacer vers Archives.*marquer comme lu.*la liste de diffusion contient « ${LIST} »`, 's')));
  await accessible(page, 'filters-why');
  assert.deepEqual(page.faults, []);
});

test('filters are tried on mail that is here, applied, and taken back', async () => {
  await deliver(`Avis de tempête un ${RUN}`, { from: `vigie-${RUN}@port.example` });
  await deliver(`Avis de tempête deux ${RUN}`, { from: `vigie-${RUN}@port.example` });
  await page.goto(`/settings/filters/new?from=vigie-${RUN}@port.example`);
  await page.getByRole('combobox', { name: 'Action 1 : dossier' }).selectOption({ label: 'Archives' });
  await page.getByRole('checkbox', { name: 'Montrer ensuite' }).check();
  await page.getByRole('button', { name: 'Enregistrer' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('2 messages sur').waitFor();
  await dialog.getByText(`Avis de tempête deux ${RUN}`).waitFor();
  await accessible(page, 'filters-apply');
  await dialog.getByRole('button', { name: 'Appliquer à 2 messages' }).click();
  await page.getByText('2 messages modifiés').waitFor();
  await eventually(async () => assert.deepEqual((await place(page, `Avis de tempête un ${RUN}`)).names, ['Archives']));
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Annuler' }).click();
  await page.getByText('Annulé', { exact: true }).waitFor();
  await eventually(async () => assert.notDeepEqual((await place(page, `Avis de tempête un ${RUN}`)).names, ['Archives']));
  assert.deepEqual(page.faults, []);
});

test('filters are ordered by keys and by dragging, switched off, doubled, deleted and brought back', async () => {
  const rules = ['Un', 'Deux', 'Trois'].map((name) => ({ name, conditions: [{ subject: 'subject', value: name }], actions: [{ kind: 'markread' }] }));
  const [{ blobId }] = await jmap(page, [['Filter/script', { rules }]]);
  await jmap(page, [['SieveScript/set', { create: { s: { name: 'main', blobId } }, onSuccessActivateScript: '#s' }]]);
  await page.goto('/settings/filters');
  await page.getByRole('button', { name: 'Déplacer Un, 1 sur 3' }).focus();
  await page.keyboard.press('ArrowDown');
  await page.getByRole('button', { name: 'Déplacer Un, 2 sur 3' }).waitFor();
  await eventually(async () => assert.deepEqual(await names(page), ['Deux', 'Un', 'Trois']));
  await eventually(async () => assert.match(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), /^Déplacer Un/));
  await accessible(page, 'filters');

  const from = await page.getByRole('button', { name: 'Déplacer Trois' }).boundingBox();
  const to = await page.getByRole('button', { name: 'Déplacer Deux' }).boundingBox();
  const dragged = saved(page);
  await page.mouse.move(from.x + 10, from.y + 20);
  await page.mouse.down();
  await page.mouse.move(to.x + 10, to.y + 8, { steps: 8 });
  await page.mouse.up();
  await dragged;
  await eventually(async () => assert.deepEqual(await names(page), ['Trois', 'Deux', 'Un']));

  const off = saved(page);
  await page.getByRole('switch', { name: 'Deux est actif' }).click();
  await off;
  await page.getByRole('button', { name: 'Actions pour Deux' }).click();
  await page.getByRole('menuitem', { name: 'Dupliquer' }).click();
  await page.getByText('Deux 2', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Actions pour Trois' }).click();
  await page.getByRole('menuitem', { name: 'Supprimer' }).click();
  await page.getByText('Filtre « Trois » supprimé').waitFor();
  await eventually(async () => assert.deepEqual(await names(page), ['Deux', 'Deux 2', 'Un']));
  const back = saved(page);
  await page.getByRole('button', { name: 'Annuler' }).click();
  await back;
  await page.reload();
  await page.getByText('Deux 2', { exact: true }).waitFor();
  await eventually(async () => assert.deepEqual(await names(page), ['Trois', 'Deux', 'Deux 2', 'Un']));
  await eventually(async () => assert.equal(await page.getByRole('switch', { name: 'Deux est actif' }).getAttribute('aria-checked'), 'false'));
  assert.deepEqual(page.faults, []);
});

test('what somebody else has changed meanwhile is not overwritten', async () => {
  const [{ blobId }] = await jmap(page, [['Filter/script', { rules: [{ name: 'Un', actions: [{ kind: 'markread' }] }] }]]);
  await jmap(page, [['SieveScript/set', { create: { s: { name: 'main', blobId } }, onSuccessActivateScript: '#s' }]]);
  await page.goto('/settings/filters');
  await page.getByRole('switch').waitFor();
  const [{ list: [{ id }] }] = await jmap(page, [['SieveScript/get', { ids: null }]]);
  const [other] = await jmap(page, [['Filter/script', { rules: [{ name: 'Autre', actions: [{ kind: 'stop' }] }] }]]);
  await jmap(page, [['SieveScript/set', { update: { [id]: { blobId: other.blobId } } }]]);
  await page.getByRole('switch').click();
  await page.getByText('Les filtres ont été modifiés ailleurs').waitFor();
  await eventually(async () => assert.deepEqual(await names(page), ['Autre']));
});

test('a script of one’s own is shown as text, its faults at their lines, and stays when filters begin anew', async () => {
  await script(page, '# à moi\nrequire "fileinto";\nif header :contains "subject" "x" { fileinto "Archive"; }\n');
  await page.goto('/settings/filters');
  const text = page.getByRole('textbox', { name: 'Texte du script' });
  await eventually(async () => assert.match(await text.inputValue(), /^# à moi/));
  await text.fill('# à moi\nkeep;\nfoo;\n');
  await page.getByRole('button', { name: 'Ligne 3' }).waitFor();
  await accessible(page, 'filters-script');
  await eventually(async () => assert.ok(await page.getByRole('button', { name: 'Enregistrer' }).isDisabled()));
  await text.fill('# à moi\nkeep;\n');
  await page.getByRole('button', { name: 'Ligne 3' }).waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Enregistrer' }).click();
  await page.getByText('Enregistré', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Repartir avec des filtres simples' }).click();
  await page.getByText('Aucun filtre pour l’instant').waitFor();
  await page.getByRole('button', { name: 'main', exact: true }).click();
  await eventually(async () => assert.equal(await text.inputValue(), '# à moi\nkeep;\n'));
  const [{ list }] = await jmap(page, [['SieveScript/get', { ids: null }]]);
  assert.deepEqual(list.map((one) => [one.name, one.isActive]).sort(), [['Filtres', true], ['main', false]]);
  assert.deepEqual(page.faults, []);
});

test('a filter is made, ordered and saved with keys alone', async () => {
  await page.goto('/settings/filters');
  await page.getByRole('link', { name: 'Nouveau filtre' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('textbox', { name: 'Nom' }).waitFor();
  const to = async (name) => {
    for (let n = 0; n < 25; n++) {
      await page.keyboard.press('Tab');
      if (await page.evaluate(() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent.trim()) === name) return;
    }
    assert.fail(`Tab does not reach ${name}`);
  };
  await page.getByRole('textbox', { name: 'Nom' }).focus();
  await to('Condition 1\u00a0: texte');
  await page.keyboard.type('ann@example.org');
  await to('Action 1');
  await page.keyboard.type('Suivre');
  await to('Ajouter une action');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement.getAttribute('aria-label') === 'Action 2');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  await to('Retirer l’action 2');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement.getAttribute('aria-label') === 'Action 1');
  await to('Enregistrer');
  await page.keyboard.press('Enter');
  await page.getByRole('listitem').getByText('suivre (étoile)', { exact: true }).waitFor();
  await eventually(async () => assert.deepEqual(await names(page), ['ann@example.org']));
  assert.deepEqual(page.faults, []);
});

test('a search becomes a filter', async () => {
  await page.goto('/search?q=budget de:hélène contient:fichier');
  await page.getByRole('link', { name: 'En faire un filtre' }).click();
  await page.getByRole('textbox', { name: 'Condition 1 : texte' }).waitFor();
  await eventually(async () => assert.equal(await page.getByRole('textbox', { name: 'Condition 1 : texte' }).inputValue(), 'hélène'));
  await eventually(async () => assert.equal(await page.getByRole('textbox', { name: 'Condition 2 : texte' }).inputValue(), 'budget'));
  await eventually(async () => assert.equal(await page.getByRole('combobox', { name: 'Condition 3 : quoi' }).inputValue(), 'attachment'));
});
