/**
 * Scrolls our list as people do. Standard input: `{url, user, password, rounds}`. Standard output: a list of `{side,
 * visit, what, value}`; `visit` is the way of scrolling, times in ms. A row is there when its words are, not its bones.
 */
import { given, launch } from './watch.mjs';

const { url, user, password, rounds } = await given();
const samples = [];
const browser = await launch();
const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce', baseURL: url });
await context.addInitScript(() => {
  window.__long = [];
  addEventListener('keydown', (event) => (window.__pressed = event.timeStamp), true);
  new PerformanceObserver((list) => window.__long.push(...list.getEntries().map((entry) => entry.duration))).observe({ type: 'longtask' });
  /** Follows frames until called again; gives the gaps between them. */
  window.__frames = () => {
    const gaps = [];
    let before;
    let going = true;
    requestAnimationFrame(function next(now) {
      if (before !== undefined) gaps.push(now - before);
      before = now;
      if (going) requestAnimationFrame(next);
    });
    return () => ((going = false), gaps);
  };
  /** Waits until every row in view has its words; gives how long that took. */
  window.__filled = (since) => new Promise((resolve) => {
    const look = () => {
      const box = document.querySelector('[role="listbox"]').getBoundingClientRect();
      const rows = [...document.querySelectorAll('[role="option"]')].filter((row) => {
        const { top, bottom } = row.getBoundingClientRect();
        return bottom > box.top && top < box.bottom;
      });
      if (rows.length > 5 && rows.every((row) => row.querySelector('.subj b'))) {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => resolve(performance.now() - since);
        port2.postMessage(0);
      } else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
});
const page = await context.newPage();
await page.goto('/');
await page.fill('input[name="username"]', user);
await page.fill('input[name="password"]', password);
await page.keyboard.press('Enter');
await page.waitForSelector('[role="option"] .subj b');
const devtools = await context.newCDPSession(page);
const box = await page.locator('[role="listbox"]').boundingBox();

/** One way of scrolling and what it cost; the first round warms up and is not `kept`. */
async function measure(name, act, kept) {
  await page.waitForTimeout(400);
  await page.evaluate(() => {
    window.__long.length = 0;
    window.__stop = window.__frames();
  });
  const found = await act();
  await page.waitForTimeout(250);
  const { gaps, long } = await page.evaluate(() => ({ gaps: window.__stop(), long: window.__long }));
  if (!kept) return;
  const keep = (what, value) => samples.push({ side: 'Parvis', visit: name, what, value });
  if (found !== undefined) keep('rows shown', found);
  for (const gap of gaps) keep('frame', gap);
  keep('longest task', Math.max(0, ...long));
}

/** Drags the bar: in steps to a part of the whole, as a hand does; then how long until rows are there. */
const drag = (to) => page.evaluate(async (part) => {
  const list = document.querySelector('[role="listbox"]');
  const [from, target] = [list.scrollTop, part * (list.scrollHeight - list.clientHeight)];
  for (let step = 1; step <= 20; step += 1) {
    list.scrollTop = from + ((target - from) * step) / 20;
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
  return window.__filled(performance.now());
}, to);
const jump = (to) => page.evaluate((part) => {
  const list = document.querySelector('[role="listbox"]');
  list.scrollTop = part * (list.scrollHeight - list.clientHeight);
  return window.__filled(performance.now());
}, to);

for (let number = 0; number <= rounds; number += 1) {
  const kept = number > 0;
  await page.reload(); // forgets all but the first rows
  await page.waitForSelector('[role="option"] .subj b');
  await page.waitForTimeout(1000);
  await page.mouse.move(box.x + 100, box.y + 200);
  await measure('wheel, 60 turns', async () => {
    for (let turn = 0; turn < 60; turn += 1) {
      await page.mouse.wheel(0, 240);
      await page.waitForTimeout(16);
    }
    return page.evaluate(() => window.__filled(performance.now()));
  }, kept);
  await page.locator('[role="listbox"]').focus();
  await measure('PageDown, 40 times', async () => {
    for (let press = 0; press < 40; press += 1) await page.keyboard.press('PageDown', { delay: 25 });
    return page.evaluate(() => window.__filled(performance.now()));
  }, kept);
  const part = 0.5 + number / 100;
  await measure('bar dragged to the middle', () => drag(part), kept);
  await measure('jump to another part', () => jump(0.2 + number / 100), kept);
  await measure('End key', async () => {
    await page.keyboard.press('End');
    return page.evaluate(() => window.__filled(window.__pressed));
  }, kept);
  await measure('bar dragged back to the top', () => drag(0.001 * number), kept);
}
await devtools.send('HeapProfiler.collectGarbage');
await devtools.send('Performance.enable');
const { metrics } = await devtools.send('Performance.getMetrics');
const value = (name) => metrics.find((one) => one.name === name).value;
samples.push({ side: 'Parvis', visit: 'after all', what: 'elements', value: await page.evaluate(() => document.querySelectorAll('*').length) });
samples.push({ side: 'Parvis', visit: 'after all', what: 'DOM nodes', value: value('Nodes') });
samples.push({ side: 'Parvis', visit: 'after all', what: 'JS heap MB', value: value('JSHeapUsedSize') / 1e6 });
process.stdout.write(JSON.stringify(samples), () => process.exit(0));
