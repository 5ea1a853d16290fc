import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DESKTOP, demo, enter, eventually, jmap, launch, person, PHONE, shot, sound } from './harness.mjs';

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

const administrator = demo.people.find((one) => one.administrator);
const SLOW = { timeout: 60_000 };

/** Opens the page while it looks; the server is asked when `page.ask()` is called, so that there is time to see that. */
async function visit(options) {
  const page = await enter(browser, administrator, options);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const asked = new Promise((resolve) => (page.ask = resolve));
  await page.route('**/jmap/api', async (route) => {
    if ((route.request().postData() ?? '').includes('"MailDoctor/get"')) await asked;
    await route.continue();
  });
  if (options?.width < 500) {
    await page.getByRole('navigation').getByRole('button', { name: 'Plus' }).click();
    await page.getByRole('menuitem', { name: 'Gestion' }).click();
  } else {
    await page.getByRole('link', { name: 'Gestion' }).click();
  }
  await page.getByRole('progressbar').waitFor();
  return page;
}
const sentence = (page) => page.locator('.verdict .sentence');

test('an administrator leaves while it looks, is told, and reads what was found', async () => {
  const page = await visit();
  await shot(page, 'health-looking');
  await page.getByRole('link', { name: /^Courriel/ }).first().click();
  await page.waitForSelector('[role="option"]');
  page.ask();
  await page.getByRole('button', { name: 'Voir', exact: true }).click(SLOW);
  await eventually(async () => assert.match(await sentence(page).textContent(), /^\d+ points demandent votre attention$/));
  const [told] = await jmap(page, [['MailDoctor/get', {}]]);
  const open = told.mail.filter((one) => one.severity !== 'good');
  await eventually(async () => assert.deepEqual(await page.locator('article h3').allTextContents(), open.map((one) => one.title)));
  assert.equal(told.reports.days.length > 80, true);

  const card = page.locator('article', { hasText: '5.7.26' });
  await card.getByText('La réponse de l’autre serveur').click();
  await card.getByText('passes neither SPF nor DKIM').waitFor();

  const domain = page.getByRole('button', { name: 'valmont.example' });
  await domain.focus();
  await page.keyboard.press('Enter');
  await eventually(async () => assert.equal(await domain.getAttribute('aria-expanded'), 'true'));
  const { records } = told.domains.find((one) => one.domain === 'valmont.example');
  const said = await page.locator('tr.more:not([hidden]) li p').allTextContents();
  assert.equal(said.length, records.length);
  await page.locator('tr.more:not([hidden])').getByRole('button', { name: 'Copier l’enregistrement' }).first().click();
  await page.getByText('Copié', { exact: true }).waitFor();
  await eventually(async () => assert.equal(await page.evaluate(() => navigator.clipboard.readText()), records.find((one) => one.line).line));

  await page.getByLabel('Domaine montré').selectOption('songhan.example');
  const sum = told.reports.days.filter((one) => one.domain === 'songhan.example').reduce((all, one) => all + one.aligned + one.failed, 0);
  await page.getByRole('img', { name: new RegExp(`^${new Intl.NumberFormat('fr').format(sum).replace(/\s/, '\\s')} messages en 30 jours`) }).waitFor();
  await page.getByText('En tableau').click();
  await eventually(async () => assert.equal(await page.locator('details table tbody tr').count(), 31));

  const asked = page.waitForRequest((request) => (request.postData() ?? '').includes('"MailDoctor/get"'));
  await page.getByRole('button', { name: 'Examiner à nouveau' }).click();
  await asked;
  await page.getByRole('progressbar').waitFor({ state: 'detached', ...SLOW });

  const speak = async (language) => {
    await page.locator('.me').click();
    await page.getByRole('menuitemcheckbox', { name: language }).click();
  };
  await speak('Tiếng Việt');
  await page.getByRole('heading', { level: 1, name: 'Tình trạng thư' }).waitFor();
  await page.getByRole('heading', { level: 3, name: open[0].title }).waitFor({ state: 'detached', ...SLOW });
  await page.setViewportSize({ width: 1300, height: 2200 });
  await shot(page, 'health-vi');
  await speak('Français');
  await page.getByRole('heading', { level: 3, name: open[0].title }).waitFor(SLOW);
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

for (const device of [DESKTOP, PHONE]) {
  test(`on a ${device.name} it is sound`, async () => {
    const page = await visit(device);
    await sound(page, 'health-looking', device);
    page.ask();
    await sentence(page).waitFor(SLOW);
    await sound(page, 'health', device);
    await page.getByRole('button', { name: 'valmont.example' }).click();
    await page.getByText('En tableau').click();
    for (const part of ['#health-domains', '#health-chart', 'details table']) {
      await page.locator(part).evaluate((one) => one.scrollIntoView({ block: 'start' }));
      await sound(page, `health-${part.replace('#', '')}`, device);
    }
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });
}

test('nobody else sees the page', async () => {
  const page = await enter(browser, person('fr'));
  await eventually(async () => assert.equal(await page.getByRole('link', { name: 'Gestion' }).count(), 0));
  await page.goto('/admin/health');
  await page.getByText('Cette page n’existe pas').waitFor();
  await eventually(async () => assert.equal(await page.locator('#admin-page').count(), 0));
  const [answer] = await jmap(page, [['MailDoctor/get', {}]]);
  assert.equal(answer.type, 'forbidden');
  await page.context().close();
});
