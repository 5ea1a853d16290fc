import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { enter, eventually, launch, learned, person } from './harness.mjs';

const SERIAL = Date.now() % 100_000;
let browser;
let camille;
let ines;
const room = (page) => page.getByRole('log', { name: /Visite de la délégation/ });
const line = (page, text) => room(page).getByRole('article').filter({ hasText: text });
const field = (page) => page.getByRole('textbox', { name: 'Écrire dans Visite de la délégation' });
const entry = (page) => page.getByRole('navigation', { name: 'Conversations' }).getByRole('link', { name: /Visite de la délégation/ });

async function open(page) {
  await page.goto('/chat');
  await entry(page).click();
  await room(page).waitFor();
}
async function say(page, text) {
  await field(page).click();
  await page.keyboard.type(text);
  await page.keyboard.press('Enter');
  await line(page, text).waitFor();
}

before(async () => {
  browser = await launch();
  camille = await enter(browser, person('fr'));
  ines = await enter(browser, person('fr', 4));
});
after(() => browser.close());

test('what one says the other reads at once, who is writing is seen, and a reaction comes back', async () => {
  await Promise.all([open(camille), open(ines)]);
  await field(camille).click();
  await camille.keyboard.type(`Bonjour **tous** ${SERIAL}`);
  await ines.getByText('Camille Nguyễn-Rivière écrit…').first().waitFor();
  await camille.keyboard.press('Enter');
  await line(ines, `Bonjour tous ${SERIAL}`).waitFor();
  assert.equal(await line(ines, `Bonjour tous ${SERIAL}`).locator('strong').textContent(), 'tous');
  await line(ines, `Bonjour tous ${SERIAL}`).focus();
  await ines.keyboard.press('+');
  await ines.getByRole('dialog', { name: 'Émojis' }).getByRole('button', { name: '🎉' }).click();
  await line(camille, `Bonjour tous ${SERIAL}`).getByRole('button', { name: /🎉/ }).waitFor();
  await line(camille, `Bonjour tous ${SERIAL}`).getByRole('img', { name: /Lu par .*Inès/ }).waitFor();
});

test('a message is changed with the arrow up, and the other sees it', async () => {
  await say(camille, `Réunion à 9 h ${SERIAL}`);
  await say(ines, `D’accord ${SERIAL}`);
  await line(camille, `D’accord ${SERIAL}`).focus(); // whatever was looked at before, it is one's own that is changed
  await field(camille).focus();
  await camille.keyboard.press('ArrowUp');
  await camille.getByText('Modification d’un message').waitFor();
  await field(camille).fill(`Réunion à 10 h ${SERIAL}`);
  await camille.keyboard.press('Enter');
  await line(ines, `Réunion à 10 h ${SERIAL}`).getByText('(modifié)').waitFor();
  assert.equal(await line(ines, `Réunion à 9 h ${SERIAL}`).count(), 0);
});

test('a topic stands beside the room, and is counted under its message', async () => {
  await line(ines, `Réunion à 10 h ${SERIAL}`).focus();
  await ines.keyboard.press('t');
  await ines.getByRole('textbox', { name: 'Répondre dans ce sujet' }).fill('Dans quelle salle ?');
  await ines.keyboard.press('Enter');
  await line(camille, `Réunion à 10 h ${SERIAL}`).getByRole('link', { name: /1 réponse/ }).click();
  await camille.getByRole('log', { name: 'Sujet' }).getByText('Dans quelle salle ?').waitFor();
  await camille.getByRole('textbox', { name: 'Répondre dans ce sujet' }).fill('Salle 204');
  await camille.keyboard.press('Enter');
  await ines.getByRole('log', { name: 'Sujet' }).getByText('Salle 204').waitFor();
  await camille.keyboard.press('Escape'); // out of the field
  await camille.keyboard.press('Escape');
  await camille.getByRole('log', { name: 'Sujet' }).waitFor({ state: 'detached' });
});

test('an answer names what it answers, people are named with @, and what is taken back comes back with Z', async () => {
  await line(ines, `Réunion à 10 h ${SERIAL}`).first().focus();
  await ines.keyboard.press('r');
  await field(ines).pressSequentially('Oui @cam');
  await ines.getByRole('option', { name: /Camille/ }).waitFor();
  await ines.keyboard.press('Enter');
  await ines.keyboard.type(`j’y serai ${SERIAL}`);
  await ines.keyboard.press('Enter');
  const answer = line(camille, `j’y serai ${SERIAL}`);
  await answer.getByText('@Camille Nguyễn-Rivière').waitFor();
  await answer.getByRole('button', { name: new RegExp(`Réunion à 10 h ${SERIAL}`) }).waitFor();
  await line(ines, `j’y serai ${SERIAL}`).focus();
  await ines.keyboard.press('#');
  await line(ines, `j’y serai ${SERIAL}`).waitFor({ state: 'detached' });
  await ines.keyboard.press('z');
  await line(ines, `j’y serai ${SERIAL}`).waitFor();
  await line(ines, `j’y serai ${SERIAL}`).focus();
  await ines.keyboard.press('#');
  await answer.waitFor({ state: 'detached' });
});

test('what is unread is counted in the list and on the rail, and goes when it is read, also after a reload', async () => {
  await line(camille, 'Buffet du').getByRole('link', { name: /réponses/ }).click();
  await eventually(async () => assert.equal(await entry(camille).getByText('non lus').count(), 0));
  await camille.getByRole('navigation', { name: 'Conversations' }).getByRole('link', { name: /Hydrological data/ }).click();
  await camille.getByRole('log', { name: /Hydrological data/ }).waitFor();
  await say(ines, `Pour plus tard ${SERIAL}`);
  await entry(camille).getByText('non lus').waitFor();
  await entry(camille).click();
  await line(camille, `Pour plus tard ${SERIAL}`).waitFor();
  await camille.getByText('Nouveau', { exact: true }).waitFor();
  await eventually(async () => assert.equal(await entry(camille).getByText('non lus').count(), 0));
  await eventually(async () => { // the receipt is on its way
    await camille.reload();
    await line(camille, `Pour plus tard ${SERIAL}`).waitFor();
    assert.equal(await entry(camille).getByText('non lus').count(), 0);
  });
});

test('without a network what is written waits, and goes out in its order', async () => {
  await ines.context().setOffline(true);
  for (const nth of ['premier', 'deuxième']) {
    await field(ines).fill(`${nth} ${SERIAL}`);
    await ines.keyboard.press('Enter');
    await line(ines, `${nth} ${SERIAL}`).waitFor();
  }
  assert.equal(await line(camille, `premier ${SERIAL}`).count(), 0);
  await ines.context().setOffline(false);
  await ines.evaluate(() => dispatchEvent(new Event('online')));
  await line(camille, `deuxième ${SERIAL}`).waitFor();
  const texts = await room(camille).getByRole('article').allTextContents();
  assert.ok(texts.findIndex((text) => text.includes(`premier ${SERIAL}`)) < texts.findIndex((text) => text.includes(`deuxième ${SERIAL}`)));
  await eventually(async () => assert.equal(await line(ines, `premier ${SERIAL}`).count(), 1));
});

test('a poll is asked, and each sees what the other has chosen', async () => {
  await camille.getByRole('button', { name: 'Lancer un sondage' }).click();
  await camille.getByRole('textbox', { name: 'Question' }).fill(`Quelle salle ${SERIAL} ?`);
  await camille.getByRole('textbox', { name: 'Réponse 1' }).fill('204');
  await camille.getByRole('textbox', { name: 'Réponse 2' }).fill('205');
  await camille.getByRole('button', { name: 'Lancer', exact: true }).click();
  await line(ines, `Quelle salle ${SERIAL}`).getByRole('radio', { name: /205/ }).click();
  await line(camille, `Quelle salle ${SERIAL}`).getByRole('radio', { name: '205 1' }).waitFor();
  await line(camille, `Quelle salle ${SERIAL}`).getByText('1 vote').waitFor();
});

test('what was begun is seen in the list, and is there again after a reload', async () => {
  await field(camille).fill(`À finir ${SERIAL}`);
  await camille.getByRole('navigation', { name: 'Conversations' }).getByRole('link', { name: /Hydrological data/ }).click();
  await camille.getByRole('log', { name: /Hydrological data/ }).waitFor();
  await entry(camille).getByText(`À finir ${SERIAL}`).waitFor();
  await open(camille);
  await eventually(async () => assert.equal(await field(camille).inputValue(), `À finir ${SERIAL}`));
  await field(camille).fill('');
});

test('search in a room does without accents', async () => {
  await camille.getByRole('button', { name: 'Chercher dans le salon' }).click();
  const box = camille.getByRole('searchbox', { name: 'Chercher dans le salon' });
  await learned(camille);
  await box.fill('vegetariens');
  await camille.locator('.beside li').filter({ hasText: 'végétariens' }).first().waitFor();
  await camille.keyboard.press('Escape');
});

test('a file is brought and had, a room is made, and who is invited comes in', async () => {
  const [chooser] = await Promise.all([ines.waitForEvent('filechooser'), ines.getByRole('button', { name: 'Joindre des fichiers' }).first().click()]);
  await chooser.setFiles({ name: `quai-${SERIAL}.txt`, mimeType: 'text/plain', buffer: Buffer.from('Le quai est ouvert.') });
  const link = line(camille, `quai-${SERIAL}.txt`).getByRole('link', { name: /quai/ });
  await link.waitFor();
  assert.equal(await camille.evaluate(async (url) => (await fetch(url)).text(), await link.getAttribute('href')), 'Le quai est ouvert.');
  await camille.goto('/chat');
  await camille.getByRole('button', { name: 'Nouvelle conversation ou nouveau salon' }).click();
  await camille.getByRole('menuitem', { name: 'Nouveau salon' }).click();
  await camille.getByRole('textbox', { name: 'Nom', exact: true }).fill(`Quai ${SERIAL}`);
  await camille.getByRole('combobox', { name: 'Qui inviter' }).fill('Inès');
  await camille.getByRole('dialog').getByRole('button', { name: /Inès Ben Youssef/ }).click();
  await camille.getByRole('button', { name: 'Créer' }).click();
  await camille.getByRole('heading', { name: `Quai ${SERIAL}` }).waitFor();
  await ines.getByRole('navigation', { name: 'Conversations' }).getByRole('link', { name: new RegExp(`Quai ${SERIAL}`) }).click();
  await ines.getByRole('button', { name: 'Accepter' }).click();
  await ines.getByRole('textbox', { name: `Écrire dans Quai ${SERIAL}` }).fill('Me voici');
  await ines.keyboard.press('Enter');
  await camille.getByRole('log', { name: new RegExp(`Quai ${SERIAL}`) }).getByText('Me voici').waitFor();
  assert.deepEqual([camille.faults, ines.faults], [[], []]);
});
