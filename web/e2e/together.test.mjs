import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, enter, eventually, launch, learned, person, PHONE, sound } from './harness.mjs';

const SERIAL = Date.now() % 100_000;
let browser;
let camille;
let ines;
const rooms = (page) => page.getByRole('navigation', { name: 'Conversations' });
const entry = (page) => rooms(page).getByRole('link', { name: /Visite de la délégation/ });
const field = (page) => page.getByRole('textbox', { name: 'Écrire dans Visite de la délégation' });
const log = (page) => page.getByRole('log', { name: /Visite de la délégation/ });

async function say(page, text) {
  await field(page).fill(text);
  await page.keyboard.press('Enter');
  await log(page).getByText(text).waitFor();
}

before(async () => {
  browser = await launch();
  camille = await enter(browser, person('fr'));
  ines = await enter(browser, person('fr', 4));
});
after(() => browser.close());

test('what was missed in a room is told with its sources, which lead to the messages', async () => {
  await Promise.all([camille.goto('/chat'), ines.goto('/chat')]);
  await entry(camille).click();
  await log(camille).waitFor();
  await rooms(camille).getByRole('link', { name: /Hydrological data/ }).click();
  await entry(ines).click();
  await say(ines, `Le car de la délégation partira à 8 h 45 du campus de Beaulieu, quai ${SERIAL}.`);
  await say(ines, `Le déjeuner officiel coûtera 1 250 euros pour quarante personnes.`);
  await entry(camille).getByText('non lus').waitFor();
  await learned(camille);
  await entry(camille).click();
  const beside = camille.getByRole('region', { name: 'Ce que j’ai manqué' });
  await camille.getByRole('button', { name: 'Ce que j’ai manqué', exact: true }).first().click();
  await beside.getByRole('heading', { name: /Dans le salon/ }).waitFor();
  await beside.getByText(new RegExp(`quai ${SERIAL}`)).first().waitFor();
  await accessible(camille, 'chat-missed');
  await beside.getByRole('button', { name: /source 1/i }).first().click();
  await beside.getByRole('button', { name: 'Ouvrir le message' }).last().click();
  await eventually(async () => assert.match(camille.url(), /event=.*side=missed/));
});

test('what was missed everywhere is asked by one key, and what the assistant does not read says why', async () => {
  await rooms(camille).getByRole('link', { name: /Hydrological data/ }).click();
  await say(ines, `La visite du barrage est reportée au 14 janvier, salle ${SERIAL}.`);
  await entry(camille).getByText('non lus').waitFor();
  await learned(camille);
  await camille.keyboard.press('Escape');
  await camille.getByRole('link', { name: 'Ce que j’ai manqué partout' }).click();
  const page = camille.getByRole('region', { name: 'Ce que j’ai manqué' });
  await page.getByRole('link', { name: /Visite de la délégation/ }).waitFor();
  await page.getByText(new RegExp(`salle ${SERIAL}`)).first().waitFor();
  assert.deepEqual([camille.faults, ines.faults], [[], []]);
});

test('a mail is brought into a room, which says who cannot open it; it is opened and answered from there, and leads back', async () => {
  await camille.goto('/mail/inbox');
  await camille.getByRole('option').first().click();
  const subject = (await camille.locator('.thread h1').textContent()).replaceAll('\u00a0', ' ');
  await camille.keyboard.press('d');
  const dialog = camille.getByRole('dialog', { name: 'En parler dans un salon' });
  await dialog.getByRole('searchbox', { name: 'Salon ou personne' }).fill('délégation');
  await dialog.getByRole('radio', { name: /Visite de la délégation/ }).check();
  await dialog.getByText(/ne peu(t|vent) pas ouvrir ce message/).waitFor();
  await dialog.getByRole('textbox', { name: 'Ce que vous en dites' }).fill(`Qu’en pensez-vous ? ${SERIAL}`);
  await dialog.getByRole('switch', { name: /Joindre une copie/ }).click();
  await accessible(camille, 'chat-discuss');
  await dialog.getByRole('button', { name: 'L’y apporter' }).click();
  await camille.getByRole('button', { name: /Annuler/ }).click(); // undone
  await dialog.waitFor({ state: 'detached' });
  await camille.keyboard.press('d');
  await dialog.getByRole('radio', { name: /Visite de la délégation/ }).check();
  await dialog.getByRole('textbox', { name: 'Ce que vous en dites' }).fill(`Alors ${SERIAL} ?`);
  await dialog.getByRole('button', { name: 'L’y apporter' }).click();
  await log(ines).getByText(`Alors ${SERIAL} ?`).waitFor();
  assert.equal(await log(ines).getByText(`Qu’en pensez-vous ? ${SERIAL}`).count(), 0);
  await camille.getByRole('link', { name: /On en parle dans Visite/ }).click();
  const card = log(camille).getByRole('article', { name: /^Message : / }).last();
  await card.getByText(subject.slice(0, 20)).first().waitFor();
  await accessible(camille, 'chat-thing');
  await card.getByRole('button', { name: 'Répondre par courriel' }).click();
  await camille.getByRole('dialog').or(camille.getByRole('region', { name: /Re: / })).first().waitFor();
  await camille.keyboard.press('Escape');
  await log(ines).getByRole('article', { name: /^Message : / }).last().getByRole('button', { name: 'Ouvrir le message' }).click();
  await ines.getByText('une boîte qui ne vous est pas ouverte').waitFor();
  assert.deepEqual([camille.faults, ines.faults], [[], []]);
});

test('all of it stands on a phone, in both themes', async () => {
  const page = await enter(browser, person('fr'), PHONE);
  await page.goto('/chat/missed');
  await page.getByRole('region', { name: 'Ce que j’ai manqué' }).waitFor();
  await page.locator('.missed .bone').first().waitFor({ state: 'detached' });
  await page.waitForFunction(() => !document.querySelector('.missed [aria-busy="true"]'));
  await sound(page, 'missed', PHONE);
  await page.goto('/chat');
  await entry(page).click();
  await log(page).getByRole('article', { name: /^Message : / }).last().waitFor();
  await sound(page, 'thing', PHONE);
  await page.goto('/chat/saved');
  await page.getByText('Rien de gardé').waitFor();
  await sound(page, 'saved', PHONE);
  await page.goto('/settings/notifications');
  await page.getByRole('switch', { name: 'Calme à certaines heures' }).click();
  await sound(page, 'settings-notifications', PHONE);
  await page.getByRole('switch', { name: 'Calme à certaines heures' }).click();
  assert.deepEqual(page.faults, []);
});
