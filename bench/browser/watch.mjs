/**
 * What the measurements in a browser share: Debian's Chromium, the moment when a text is painted in view, a server seen
 * over a line that counts and delays.
 */
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';

const { chromium } = createRequire(new URL('../../web/package.json', import.meta.url))('playwright-core');

export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
}

/**
 * Runs in the page before its own scripts: `__watch(selector, index, text)` gives, in milliseconds since the navigation
 * began, when element number `index` (null: any) of a selector holds `text` and lies in the viewport, after that frame
 * has been painted. ` >>> ` steps into a frame. `__pressed` is when the pointer last went down.
 */
export function watching() {
  if (window.top !== window) return;
  const find = (page, [selector, ...inner]) => {
    const found = [...page.querySelectorAll(selector)];
    return inner.length ? found.flatMap((frame) => (frame.contentDocument ? find(frame.contentDocument, inner) : [])) : found;
  };
  const inView = (element) => {
    let { left, top, width, height } = element.getBoundingClientRect();
    for (let frame = element.ownerDocument.defaultView.frameElement; frame; frame = frame.ownerDocument.defaultView.frameElement) {
      const outer = frame.getBoundingClientRect();
      [left, top] = [left + outer.left, top + outer.top];
    }
    const shown = element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    return shown && width > 0 && height > 0 && top < innerHeight && left < innerWidth && top + height > 0 && left + width > 0;
  };
  window.__watch = (selector, index, text) => new Promise((resolve, reject) => {
    const look = () => {
      if (performance.now() > 30_000) return reject(new Error(`${selector} never showed "${text}"`));
      const found = find(document, selector.split(' >>> '));
      const looked = index === null ? found : found.slice(index, index + 1);
      if (looked.some((element) => element.textContent.includes(text) && inView(element))) {
        const { port1, port2 } = new MessageChannel(); // its message comes when this frame has been painted
        port1.onmessage = () => resolve(performance.now());
        port2.postMessage(0);
      } else requestAnimationFrame(look);
    };
    look();
  });
  addEventListener('pointerdown', (event) => (window.__pressed = event.timeStamp), true);
}

/** A line to a server (line.mjs): its `url`, and `counted()`, what passed since it was last asked. */
export async function line(url, delay) {
  const shared = new SharedArrayBuffer(8);
  const counts = new Int32Array(shared);
  const worker = new Worker(new URL('./line.mjs', import.meta.url), { workerData: { port: Number(new URL(url).port), delay, shared } });
  const [port] = await once(worker, 'message');
  const counted = () => ({ bytes: Atomics.exchange(counts, 0, 0), requests: Atomics.exchange(counts, 1, 0) });
  return { url: `http://127.0.0.1:${port}/`, counted };
}

/** All of standard input, as JSON. */
export async function given() {
  let text = '';
  for await (const piece of process.stdin) text += piece;
  return JSON.parse(text);
}
