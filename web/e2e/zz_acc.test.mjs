import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { accessible, enter, eventually, launch, open, person, shot, signIn } from '/work/wt-web-calendar/web/e2e/harness.mjs';
const src = readFileSync('/work/wt-web-calendar/web/e2e/screens.mjs', 'utf8');
const body = /async function calendar[\s\S]*?\n}\n/.exec(src)[0]; const op = /async function opens[\s\S]*?\n}\n/.exec(src)[0];
const calendar = new Function(`${op}\n${body}\nreturn calendar`)();
const acc = readFileSync('/work/wt-web-calendar/web/e2e/accessibility.test.mjs', 'utf8');
const lost = new Function(`${/const lost = [\s\S]*?\n};\n/.exec(acc)[0]}; return lost`)();
const cut = new Function(`${/const cut = [\s\S]*?;\n\n/.exec(acc)[0]}; return cut`)();
let browser; before(async () => (browser = await launch())); after(() => browser.close());
for (const [theme, width, height] of [['light', 1440, 900], ['dark', 390, 844]]) test(`axe ${theme} ${width}`, async () => {
  const page = await open(browser, { theme, width, height }); await signIn(page, person('fr'));
  const wrong = [];
  await calendar(page, async (name) => { try { await accessible(page, `${name}-${theme}-${width}`); } catch (e) { wrong.push(e.message.slice(0, 1500)); } });
  assert.deepEqual([...wrong, ...page.faults], []); await page.context().close();
});
test('320 and letters', async () => {
  const wrong = [];
  for (const [size, big] of [[{ width: 320, height: 700 }, 0], [{ width: 1440, height: 900 }, 1]]) {
    const page = await open(browser, size); await signIn(page, person('fr'));
    await calendar(page, async (name) => {
      if (big) await page.evaluate(() => (document.documentElement.style.fontSize = '200%'));
      await page.waitForTimeout(150); await shot(page, `${name}-${size.width}${big ? 'letters' : ''}`);
      const l = await page.evaluate(lost); if (l.length) wrong.push([name, size.width, l]);
      if (big) { const c = await page.evaluate(cut); if (c.length) wrong.push([name, 'cut', c]); await page.evaluate(() => (document.documentElement.style.fontSize = '')); }
    });
    await page.context().close();
  }
  console.log(JSON.stringify(wrong, null, 1).slice(0, 6000)); assert.deepEqual(wrong, []);
});
