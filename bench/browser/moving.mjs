/**
 * Drags events of a month from day to day. Standard input: `{url, user, password, month, days, moves}`. Standard output:
 * a list of `{what, value}`, in ms since the pointer was let go: when the event was painted on its new day (`shown`), when
 * the server had answered (`answered`); and how long the page's main thread ran until a quarter of a second after (`cpu`).
 */
import { given, launch } from './watch.mjs';

const { url, user, password, month, days, moves } = await given();
const samples = [];
const browser = await launch();
const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, timezoneId: 'Europe/Paris', baseURL: url });
await context.addInitScript(() => {
  const { fetch } = window;
  window.fetch = async (...asked) => {
    const answer = await fetch(...asked);
    if (String(asked[1]?.body ?? '').includes('"CalendarEvent/set"')) {
      await answer.clone().text();
      window.__answered?.(performance.now());
    }
    return answer;
  };
  /** From the next letting go on: when an event is painted inside a day, and when the server has answered. */
  window.__follow = (key, day) => {
    const answered = new Promise((resolve) => (window.__answered = resolve));
    return new Promise((resolve) => {
      addEventListener('pointerup', (event) => {
        const look = () => {
          const box = document.querySelector(`[data-cell="${day}"]`).getBoundingClientRect();
          const there = [...document.querySelectorAll('[data-key]:not(.carried)')].some((bar) => {
            const { left, top, width } = bar.getBoundingClientRect();
            return bar.dataset.key === key && width > 0 && left >= box.left - 1 && left < box.right && top >= box.top && top < box.bottom;
          });
          if (!there) return requestAnimationFrame(look);
          const { port1, port2 } = new MessageChannel(); // its message comes when this frame has been painted
          port1.onmessage = async () => {
            const shown = performance.now() - event.timeStamp;
            resolve({ shown, answered: (await answered) - event.timeStamp });
          };
          port2.postMessage(0);
        };
        requestAnimationFrame(look);
      }, { once: true, capture: true });
    });
  };
});
const page = await context.newPage();
await page.goto('/');
await page.fill('input[name="username"]', user);
await page.fill('input[name="password"]', password);
await page.keyboard.press('Enter');
await page.waitForSelector('nav');
await page.waitForTimeout(1000);
await page.goto(`/calendar/month/${month}`);
await page.waitForSelector('[data-key][data-movable]');
await page.waitForTimeout(3000);

const devtools = await context.newCDPSession(page);
await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
const cpu = async () => (await devtools.send('Performance.getMetrics')).metrics.find((one) => one.name === 'TaskDuration').value * 1000;

const first = Date.parse(`${month}T00:00:00Z`);
for (let number = -6; number < moves; number += 1) { // the first six warm up
  const pair = Math.floor(number / 2) + 3; // each goes to another day, and back
  const one = (pair * 5) % days;
  const to = number % 2 ? one : (one + 1 + (pair % 9)) % days;
  const bar = page.locator('button.bar', { hasText: new RegExp(`Moved ${one}(?!\\d)`) });
  const [from, cell] = [await bar.boundingBox(), await page.locator(`[data-cell="${first + to * 86_400_000}"]`).boundingBox()];
  const followed = page.evaluate(([key, day]) => window.__follow(key, day), [await bar.getAttribute('data-key'), first + to * 86_400_000]);
  await page.mouse.move(from.x + 20, from.y + from.height / 2);
  await page.mouse.down();
  await page.mouse.move(cell.x + cell.width / 2, cell.y + cell.height / 2, { steps: 12 });
  const before = await cpu();
  await page.mouse.up();
  const found = await followed;
  await page.waitForTimeout(250);
  found.cpu = (await cpu()) - before;
  if (number >= 0) for (const [what, value] of Object.entries(found)) samples.push({ what, value });
}
process.stdout.write(JSON.stringify(samples), () => process.exit(0));
