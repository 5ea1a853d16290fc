import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, demo, enter, eventually, jmap, launch, toDoor } from './harness.mjs';

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

const moderator = demo.people.find((one) => one.address.startsWith('camille.'));
const member = demo.people.find((one) => one.address.startsWith('benoit.'));
const LIST = 'deuxrives@valmont.example';
const RUN = Date.now().toString(36);
const held = async (page) => (await jmap(page, [['HeldPost/get', {}]]))[0].list.map((one) => one.subject);
const gone = (page) => page.waitForResponse((answer) => (answer.request().postData() ?? '').includes('"HeldPost/decide"'));

test('a moderator reads what waits, lets it go, refuses it, and takes it back', async () => {
  for (const word of ['un', 'deux']) await toDoor({ to: LIST, subject: `Proposition ${word} ${RUN}`, text: `Voici la proposition ${word}.\r\nÀ bientôt` });
  const page = await enter(browser, moderator);
  await page.goto('/settings/lists');
  const row = (word) => page.locator('li', { hasText: `Proposition ${word} ${RUN}` });
  await row('un').getByRole('button', { expanded: false }).click();
  await row('un').getByText('Voici la proposition un.').waitFor();
  await accessible(page, 'lists-moderator');

  await row('deux').getByRole('button', { name: /^Rejeter/ }).click();
  await row('deux').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Annuler' }).click();
  await row('deux').waitFor();
  await eventually(async () => assert.ok((await held(page)).includes(`Proposition deux ${RUN}`)));

  const sent = gone(page);
  await row('un').getByRole('button', { name: /^Envoyer/ }).click();
  await row('deux').getByRole('button', { name: /^Rejeter/ }).click();
  await page.getByRole('link', { name: 'Apparence' }).click(); // leaving decides at once
  await sent;
  await eventually(async () => assert.deepEqual((await held(page)).filter((subject) => subject.includes(RUN)), []));
  assert.deepEqual(page.faults, []);
  await page.context().close();

  const other = await enter(browser, member);
  const found = async (word) => (await jmap(other, [['Email/query', { filter: { subject: `Proposition ${word} ${RUN}` } }]]))[0].ids.length;
  await eventually(async () => assert.deepEqual([await found('un'), await found('deux')], [1, 0]));
  await other.context().close();
});

test('a list is set by its moderator, and read or not by its members', async () => {
  const page = await enter(browser, moderator);
  await page.goto('/settings/lists');
  const listed = async () => (await jmap(page, [['MailingList/get', {}]]))[0].list.find((one) => one.address === LIST);
  const changed = () => page.waitForResponse((answer) => (answer.request().postData() ?? '').includes('"MailingList/configure"'));
  let done = changed();
  await page.getByLabel('Qui peut écrire sans demander').selectOption('moderators');
  await done;
  await eventually(async () => assert.equal((await listed()).posting, 'moderators'));
  done = changed();
  await page.getByLabel('Qui peut écrire sans demander').selectOption('members');
  await done;
  await page.getByLabel('Un lecteur extérieur').fill(`lecteur.${RUN}@ailleurs.example`);
  done = changed();
  await page.keyboard.press('Enter');
  await done;
  await page.getByRole('button', { name: `Retirer lecteur.${RUN}@ailleurs.example` }).click();
  await page.getByText(`lecteur.${RUN}@ailleurs.example ne reçoit plus`).waitFor();
  await eventually(async () => assert.deepEqual((await listed()).readers.filter((address) => address.includes(RUN)), []));
  await page.context().close();

  const other = await enter(browser, member);
  await other.goto('/settings/lists');
  await other.getByRole('button', { name: 'Ne plus la recevoir' }).click();
  await other.getByRole('button', { name: 'La recevoir', exact: true }).click();
  await other.getByRole('button', { name: 'Ne plus la recevoir' }).waitFor();
  assert.deepEqual(other.faults, []);
  await other.context().close();
});
