import { after, before, test } from 'node:test';
import { accessible, enter, launch, open, person } from './harness.mjs';

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

const SIZES = [[1440, 900], [1280, 800], [390, 844]];

for (const theme of ['light', 'dark']) {
  for (const [width, height] of SIZES) {
    const name = (screen) => `${screen}-${theme}-${width}`;
    test(`axe finds nothing on mail, ${theme}, ${width} px`, async () => {
      const page = await enter(browser, person(width === 1280 ? 'vi' : 'fr'), { width, height, theme });
      await accessible(page, name('list'));
      await page.locator('[role="option"]').nth(2).click();
      await page.locator('article .body').first().waitFor();
      await accessible(page, name('conversation'));
      await page.locator('button.to').last().click();
      await accessible(page, name('details'));
      if (width > 500) {
        await page.keyboard.press('Control+k');
        await page.getByRole('combobox').waitFor();
        await accessible(page, name('palette'));
        await page.keyboard.press('Escape');
        await page.keyboard.press('?');
        await page.getByRole('dialog').waitFor();
        await accessible(page, name('help'));
        await page.keyboard.press('Escape');
        await page.keyboard.press('x');
        await accessible(page, name('chosen'));
      }
      await page.locator('.me').click();
      await accessible(page, name('account-menu'));
      await page.keyboard.press('Escape');
      await page.context().close();
    });
  }
  test(`axe finds nothing on sign-in, ${theme}`, async () => {
    const page = await open(browser, { theme, width: 390, height: 844 });
    await page.waitForSelector('input[name="username"]');
    await accessible(page, `sign-in-${theme}-390`);
    const wide = await open(browser, { theme });
    await wide.waitForSelector('input[name="username"]');
    await accessible(wide, `sign-in-${theme}-1440`);
  });
}
