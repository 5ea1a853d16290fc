import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, arrive, bring, enter, eventually, jmap, launch, person } from './harness.mjs';

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

/** The server's answer to a change of the preferences. */
const saved = (page) => page.waitForResponse((answer) => (answer.request().postData() ?? '').includes('"Preferences/set"'));

test('the language changes at once, and is the same after a reload', async () => {
  const page = await enter(browser, person('fr', 2));
  await page.goto('/settings');
  const vietnamese = saved(page);
  await page.getByText('Tiếng Việt', { exact: true }).click();
  await page.getByRole('heading', { name: 'Giao diện và ngôn ngữ' }).waitFor();
  await vietnamese;
  await page.reload();
  await page.getByRole('heading', { name: 'Giao diện và ngôn ngữ' }).waitFor();
  const french = saved(page);
  await page.getByText('Français', { exact: true }).click();
  await page.getByRole('heading', { name: 'Apparence et langue' }).waitFor();
  await french; // the people of the demo are shared by all tests
  assert.deepEqual(page.faults, []);
});

test('somebody is let into the mail, and out again', async () => {
  const page = await enter(browser, person('fr', 2));
  const other = person('fr', 3);
  await page.goto('/settings/sharing');
  await page.getByRole('textbox', { name: 'Personne' }).fill(other.name.split(' ').at(-1));
  await page.getByRole('button', { name: other.name }).click();
  await page.getByRole('button', { name: `Autoriser ${other.name}` }).click();
  await page.getByRole('button', { name: `Retirer à ${other.name}` }).click();
  await page.getByRole('button', { name: `Retirer à ${other.name}` }).waitFor({ state: 'detached' });
  assert.deepEqual(page.faults, []);
});

test('somebody publishes when they are busy, keeps it from colleagues, and takes both back', async () => {
  const who = person('fr', 3);
  const [page, other] = [await enter(browser, who), await enter(browser, person('fr', 2))];
  const [{ list }] = await jmap(page, [['Principal/get', { ids: null, properties: ['address'] }]]);
  const asked = { id: list.find((one) => one.address === who.address).id, utcStart: '2026-01-05T00:00:00Z', utcEnd: '2026-01-06T00:00:00Z' };
  const known = async () => (await jmap(other, [['Principal/getAvailability', asked]]))[0].type !== 'forbidden';
  await page.goto('/settings/calendar');
  const part = page.getByRole('region', { name: 'Qui sait quand vous êtes occupé' });
  const colleagues = part.getByRole('switch', { name: 'Vos collègues' });
  assert.equal(await colleagues.getAttribute('aria-checked'), 'true');
  assert.ok(await known());
  await colleagues.click();
  await eventually(async () => assert.equal(await known(), false));
  await colleagues.click();
  await eventually(async () => assert.ok(await known()));
  await part.getByRole('switch', { name: 'Des personnes d’autres organisations' }).click();
  const url = await part.getByRole('link').getAttribute('href');
  assert.match(await (await page.request.get(url)).text(), /BEGIN:VFREEBUSY/);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await part.getByRole('button', { name: 'Copier le lien' }).click();
  await eventually(async () => assert.equal(await page.evaluate(() => navigator.clipboard.readText()), url));
  await part.getByRole('switch', { name: 'Aussi par votre adresse' }).click();
  const finger = new URL(`/.well-known/webfinger?resource=acct:${who.address}`, url).href;
  await eventually(async () => assert.equal((await page.request.get(finger)).status(), 200));
  await accessible(page, 'settings-calendar');
  await part.getByRole('switch', { name: 'Des personnes d’autres organisations' }).click();
  await part.getByRole('link').waitFor({ state: 'detached' });
  for (const gone of [url, finger]) assert.equal((await page.request.get(gone)).status(), 404);
  assert.deepEqual(page.faults, []);
});

test('all other sessions are ended at once', async () => {
  const who = person('fr', 4);
  const [first, second, page] = [await enter(browser, who), await enter(browser, who), await enter(browser, who)];
  await page.goto('/settings/security');
  await page.getByRole('button', { name: 'Mettre fin à toutes les autres' }).click();
  await page.getByRole('button', { name: 'Mettre fin à toutes les autres' }).waitFor({ state: 'detached' });
  for (const other of [first, second]) await eventually(async () => assert.equal((await other.request.get('/auth/session')).status(), 401));
  await eventually(async () => assert.equal((await page.request.get('/auth/session')).status(), 200));
});

test('an app password is shown once and removed', async () => {
  const page = await enter(browser, person('fr', 2));
  await page.goto('/settings/security');
  await page.getByRole('textbox', { name: 'Pour quel logiciel' }).fill('Essai');
  await page.getByRole('button', { name: 'Créer' }).click();
  await eventually(async () => assert.ok((await page.locator('.secret code').textContent()).length > 12));
  await page.reload();
  await page.getByRole('button', { name: 'Supprimer Essai' }).waitFor();
  await eventually(async () => assert.equal(await page.locator('.secret').count(), 0));
  await page.getByRole('button', { name: 'Supprimer Essai' }).click();
  await page.getByRole('button', { name: 'Supprimer Essai' }).waitFor({ state: 'detached' });
});

test('an address whose owner complained is shown, and written to again', async () => {
  const who = person('fr', 2);
  const page = await enter(browser, who);
  const reader = `lecteur${Date.now()}@port.example`;
  const sent = [`From: ${who.address}`, `To: ${reader}`, `Subject: Lettre ${reader}`, `Message-ID: <${reader}>`, '', 'Bonjour.'];
  await arrive(page, [sent.join('\n')], 'sent');
  await bring('abuse@port.example', who.address, [
    'From: abuse@port.example', `To: ${who.address}`, `Subject: Plainte ${reader}`, `Message-ID: <c.${reader}>`, `Date: ${new Date().toUTCString()}`, 'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=feedback-report; boundary=b', '', '--b', '', 'Une plainte.', '--b', 'Content-Type: message/feedback-report', '',
    'Feedback-Type: abuse', 'User-Agent: x/1', 'Version: 1', `Original-Rcpt-To: <${reader}>`, '', '--b', 'Content-Type: message/rfc822', '', ...sent, '--b--']);
  const again = page.getByRole('button', { name: `Réessayer ${reader}` });
  for (let tries = 0; tries < 20 && !(await again.count()); tries++) {
    await page.goto('/settings/mail');
    await again.waitFor({ timeout: 1_000 }).catch(() => undefined);
  }
  await page.getByText('Son titulaire s’est plaint de votre courrier').first().waitFor();
  await again.scrollIntoViewIfNeeded();
  await accessible(page, 'settings-refused');
  await again.click();
  await page.getByText(`${reader} reçoit de nouveau du courrier`).waitFor();
  await again.waitFor({ state: 'detached' });
  await page.getByRole('textbox', { name: 'Une autre adresse' }).fill(reader);
  await page.getByRole('button', { name: 'Réessayer', exact: true }).click();
  await page.getByText('n’est pas retenu').waitFor();
  assert.deepEqual(page.faults, []);
});
