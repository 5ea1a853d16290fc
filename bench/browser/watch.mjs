/**
 * What the measurements in a browser share: Debian's Chromium, the moment when a text is painted in view, a server
 * seen through a line that counts and delays.
 */
import { createRequire } from 'node:module';
import net from 'node:net';

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

/**
 * A door before a server: counts bytes and requests of everything that passes (service workers too) and holds each
 * piece back for `delay` ms one way, a connection for a round trip more. The server sees another address than its own,
 * as over a network: ours compresses then.
 */
export async function line(url, delay = 0) {
  const { port } = new URL(url);
  const counts = { bytes: 0, requests: 0 };
  const door = net.createServer({ noDelay: true }, (browser) => {
    const server = net.connect({ port: Number(port), host: '127.0.0.1', localAddress: '127.0.0.2', noDelay: true });
    let late = 2 * delay;
    const pass = (from, to, count) => {
      from.on('data', (piece) => {
        count(piece);
        if (delay) setTimeout(() => to.write(piece), delay + late);
        else to.write(piece);
        late = 0;
      });
      from.on('close', () => setTimeout(() => to.destroy(), delay && delay + 5));
      from.on('error', () => to.destroy());
    };
    pass(browser, server, (piece) => {
      if (/^(GET|POST|PUT|DELETE) /.test(piece.toString('latin1', 0, 7))) counts.requests += 1;
    });
    pass(server, browser, (piece) => (counts.bytes += piece.length));
  });
  await new Promise((resolve) => door.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${door.address().port}/`, counts, close: () => door.close() };
}

/** All of standard input, as JSON. */
export async function given() {
  let text = '';
  for await (const piece of process.stdin) text += piece;
  return JSON.parse(text);
}
