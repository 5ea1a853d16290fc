import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DESKTOP, enter, eventually, launchWhole, learned, lost, open, person, PHONE, shot, signIn, sound } from './harness.mjs';
import { encryption, inside, outside } from './screens.mjs';

let browser;
before(async () => {
  browser = await launchWhole(); // with the letters that people see: in the light one they are a little wider
  const page = await enter(browser, person('fr'));
  await learned(page);
  await page.context().close();
});
after(() => browser.close());

/** Words cut off at their foot: text that is higher than the box that hides what is over. */
const cut = () =>
  [...document.querySelectorAll('button, a, label, span, p, b, h1, h2, h3, dt, dd, [role="option"]')]
    .filter((one) => one.textContent.trim() && one.checkVisibility() && !one.closest('.sr') && getComputedStyle(one).overflowY !== 'visible' && getComputedStyle(one).webkitLineClamp === 'none' && !/auto|scroll/.test(getComputedStyle(one).overflowY))
    .filter((one) => one.scrollHeight > one.clientHeight + 3 && one.clientHeight > 0)
    .map((one) => `${one.className}: ${one.textContent.trim().slice(0, 40)} (${one.scrollHeight} in ${one.clientHeight} px)`);

/** Sets the size of letters where a page is, to what is given or back to its own; answers when all has been laid out and placed for it. */
const letters = (page, size = '') =>
  page.evaluate(async (size) => {
    document.documentElement.style.fontSize = size;
    window.dispatchEvent(new Event('resize'));
    for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
  }, size);

/** Nothing is lost or cut with letters of twice the size. */
async function large(page, name) {
  await letters(page, '200%');
  await shot(page, `${name}-letters`);
  await eventually(async () => assert.deepEqual(await page.evaluate(lost), [], name));
  await eventually(async () => assert.deepEqual(await page.evaluate(cut), [], name));
  await letters(page);
}

/** Each screen is walked to once for each kind of device. */
for (const [device, also, told] of [[DESKTOP, large, ', nor cut with letters of twice the size'], [PHONE, () => {}, '']]) {
  test(`on a ${device.name} every screen is sound: axe in both themes, nothing lost in the smallest window${told}`, async () => {
    const page = await open(browser, device);
    const look = async (name) => {
      await sound(page, name, device);
      await also(page, name);
    };
    await outside(page, look);
    await signIn(page, person('fr'));
    await inside(page, look);
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });
}

test('the settings of encryption are sound, on a device that is confirmed and on one that is not', async () => {
  for (const device of [DESKTOP, PHONE]) {
    const page = await enter(browser, person('fr', 1), device);
    await encryption(page, (name) => sound(page, name, device));
    assert.deepEqual(page.faults, []);
    await page.context().close();
  }
});

test('with colours forced by the system, what is chosen is still told apart', async () => {
  const page = await enter(browser, person('fr'));
  await page.emulateMedia({ forcedColors: 'active' });
  const drawn = (selector) =>
    page.locator(selector).first().evaluate((one) => ['outlineStyle', 'borderStyle'].some((side) => getComputedStyle(one)[side] !== 'none' && !/^rgba\(.*, 0\)$/.test(getComputedStyle(one).outlineColor)));
  await page.keyboard.press('Enter');
  await page.locator('article .body').first().waitFor();
  await shot(page, 'forced-colors');
  for (const chosen of ['[role="option"][aria-selected="true"]', '.rail [aria-current]', '.filters [aria-pressed="true"]', '.folders [aria-current]']) await eventually(async () => assert.ok(await drawn(chosen), chosen));
  await page.goto('/settings/keys');
  await page.getByRole('switch').waitFor();
  await shot(page, 'forced-colors-settings');
  await eventually(async () => assert.ok(await drawn('[role="switch"]')));
});

test('everything is reached by keyboard; what opens closes with Escape and gives the focus back', async () => {
  const page = await enter(browser, person('fr'));
  const focused = () => page.evaluate(() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent.trim());
  await page.evaluate(() => document.activeElement.blur());
  const order = [];
  for (let n = 0; n < 90 && order.at(-1) !== 'Réception'; n++) {
    await page.keyboard.press('Tab');
    order.push(await focused());
    const ring = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle !== 'none' || document.activeElement.getAttribute('role') === 'listbox');
    assert.ok(ring, `no ring on ${order.at(-1)}`);
  }
  assert.equal(order[0], 'Aller au contenu');
  assert.ok(order.indexOf('Aide et raccourcis') < order.findIndex((one) => one.startsWith('Courriel')), order.join(' | '));
  assert.equal(order.at(-1), 'Réception', order.join(' | '));

  for (const keys of ['?', 'Control+k', 'v']) {
    await page.keyboard.press(keys);
    await page.locator('dialog[open]').waitFor();
    await eventually(async () => assert.ok(await page.evaluate(() => !!document.activeElement.closest('dialog')), keys));
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => !document.querySelector('dialog[open]'));
    await eventually(async () => assert.equal(await focused(), 'Réception', keys));
  }
  for (const [keys, inside] of [['c', '.prose'], ['Control+j', 'aside textarea']]) {
    await page.keyboard.press(keys);
    await page.locator(inside).waitFor();
    await page.waitForFunction(() => document.activeElement.matches('input, textarea'));
    await page.keyboard.press(keys === 'c' ? 'Escape' : keys);
    await page.locator(inside).waitFor({ state: 'detached' });
    await page.waitForFunction(() => document.activeElement.getAttribute('aria-label') === 'Réception');
  }
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Archiver' }).focus();
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement.getAttribute('aria-label') === 'Réception');
  await page.keyboard.press('z');
  await page.getByText('Annulé').waitFor();
  await page.locator('.me').focus();
  await page.keyboard.press('Enter');
  await page.getByRole('menu').waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Escape');
  await eventually(async () => assert.ok(await page.evaluate(() => document.activeElement.matches('.me'))));
  assert.deepEqual(page.faults, []);
});
