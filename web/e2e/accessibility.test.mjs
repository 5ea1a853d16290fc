import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, enter, eventually, launch, learned, open, person, shot, signIn } from './harness.mjs';
import { inside, outside } from './screens.mjs';

let browser;
before(async () => {
  browser = await launch();
  await learned(browser);
});
after(() => browser.close());

for (const theme of ['light', 'dark']) {
  for (const [width, height] of [[1440, 900], [390, 844]]) {
    test(`axe finds nothing on any screen, ${theme}, ${width} px`, async () => {
      const page = await open(browser, { theme, width, height });
      const look = (name) => accessible(page, `${name}-${theme}-${width}`);
      await outside(page, look);
      await signIn(page, person('fr'));
      await inside(page, look);
      assert.deepEqual(page.faults, []);
      await page.context().close();
    });
  }
}

/** Controls that lie outside the window, other than in a row that scrolls by itself; and how far the page scrolls. */
const lost = () => {
  const slides = (node) => {
    for (let at = node.parentElement; at && at !== document.body; at = at.parentElement) {
      if (/auto|scroll/.test(getComputedStyle(at).overflowX) && at.scrollWidth > at.clientWidth) return true;
    }
    return false;
  };
  const far = [...document.querySelectorAll('a[href], button, input, textarea, select, [role="option"]')].filter((one) => {
    const { left, right, width } = one.getBoundingClientRect();
    return width > 1 && one.checkVisibility({ visibilityProperty: true }) && (left < -1 || right > innerWidth + 1) && !one.matches('.sr') && !slides(one);
  });
  const over = document.documentElement.scrollWidth - innerWidth;
  return [...far.map((one) => one.outerHTML.slice(0, 120)), ...(over > 0 ? [`the page is ${over} px too wide`] : [])];
};

/** Words cut off at their foot: text that is higher than the box that hides what is over. */
const cut = () =>
  [...document.querySelectorAll('button, a, label, span, p, b, h1, h2, h3, dt, dd, [role="option"]')]
    .filter((one) => one.textContent.trim() && one.checkVisibility() && !one.closest('.sr') && getComputedStyle(one).overflowY !== 'visible' && getComputedStyle(one).webkitLineClamp === 'none' && !/auto|scroll/.test(getComputedStyle(one).overflowY))
    .filter((one) => one.scrollHeight > one.clientHeight + 3 && one.clientHeight > 0)
    .map((one) => `${one.className}: ${one.textContent.trim().slice(0, 40)} (${one.scrollHeight} in ${one.clientHeight} px)`);

for (const [what, size] of [['320 px wide', { width: 320, height: 700 }], ['enlarged to 200 %', { width: 640, height: 450 }]]) {
  test(`nothing is lost on a page ${what}`, async () => {
    const page = await open(browser, size);
    const look = async (name) => {
      await shot(page, `${name}-${size.width}`);
      await eventually(async () => assert.deepEqual(await page.evaluate(lost), [], name));
    };
    await outside(page, look);
    await signIn(page, person('fr'));
    await inside(page, look);
    await page.context().close();
  });
}

test('nothing is cut with letters of twice the size', async () => {
  const page = await open(browser, { width: 1440, height: 900 });
  const look = async (name) => {
    await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
    await page.waitForTimeout(100);
    await shot(page, `${name}-letters`);
    await eventually(async () => assert.deepEqual(await page.evaluate(lost), [], name));
    await eventually(async () => assert.deepEqual(await page.evaluate(cut), [], name));
  };
  await outside(page, look);
  await signIn(page, person('fr'));
  await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
  await page.reload();
  await page.waitForSelector('[role="option"]');
  await inside(page, look);
  await page.context().close();
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
