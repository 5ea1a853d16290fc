/**
 * Makes the pictures of docs/images anew, from a filled demo that search has read: `PARVIS_DEMO=…/demo.json node scripts/pictures.mjs`.
 * A font with emoji has to be there. What is new in the demo is of the day on which it was filled: PARVIS_NOW
 * (`2026-11-30T22:00:00Z`) has the browser think that it is then.
 */
import { enter, launch, person } from '../e2e/harness.mjs';

const FOLDER = '../docs/images';
const browser = await launch();

/** A page of the first person who reads French, as it is drawn once nothing moves. */
async function picture(name, path, show, options) {
  const page = await enter(browser, person('fr'), options);
  page.setDefaultTimeout(15_000);
  if (process.env.PARVIS_NOW) await page.clock.setFixedTime(process.env.PARVIS_NOW);
  await page.goto(path);
  await show(page);
  await page.mouse.move(0, 0);
  await page.waitForTimeout(1000);
  await page.screenshot({ path: `${FOLDER}/${name}.png` });
  await page.context().close();
}

await picture('mail', '/mail/inbox', async (page) => {
  await page.locator('[role="option"]').first().waitFor();
  await page.keyboard.press('Control+j');
  const asked = page.getByRole('textbox', { name: /assistant/ });
  await asked.fill('Quels membres de la délégation sont végétariens ?');
  await asked.press('Enter');
  await page.getByText('Cité de vos sources').waitFor();
  await page.locator('button.ref[aria-label*="Délégation vietnamienne"]').click();
  await page.getByRole('button', { name: 'Ouvrir le message' }).click();
  await page.locator('article .body').first().waitFor();
});
await picture('chat', '/chat', async (page) => {
  await page.getByRole('link', { name: /^Visite de la délégation/ }).first().click();
  await page.getByRole('log').getByText(/^Buffet du/).first().waitFor();
  await page.getByRole('log').getByRole('link', { name: /réponses/ }).first().click();
  await page.getByText('62 couverts').first().waitFor();
});
const visit = (page) => page.locator('[role="option"]', { hasText: 'Visite de la délégation à Valmont' });
await picture('mail-dark', '/mail/inbox', async (page) => {
  await visit(page).click();
  await page.locator('article .body').first().waitFor();
}, { theme: 'dark' });
await picture('mail-phone', '/mail/inbox', (page) => visit(page).waitFor(), { width: 390, height: 844 });
await browser.close();
