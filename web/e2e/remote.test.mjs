import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { attacks, scripts } from './attacks.mjs';
import { arrive, enter, jmap, launch, person } from './harness.mjs';
import { site } from './site.mjs';

/** A server that must hear nothing. It speaks TLS, since the page itself refuses pictures by http. */
let wire;
let browser;
before(async () => {
  wire = await site((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'image/gif', 'Access-Control-Allow-Origin': '*' });
    response.end(Buffer.from('R0lGODlhAQABAIAAAAUEBAAAACwAAAAAAQABAAACAkQBADs=', 'base64'));
  });
  browser = await launch();
});
after(async () => {
  await browser.close();
  wire.close();
});

const letter = (subject, html, from = 'spy@tracker.example') =>
  `From: Spy <${from}>\nTo: inbox@valmont.example\nSubject: ${subject}\nMessage-ID: <${Math.random()}@tracker.example>\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n<html><body>${html}<p>end</p></body></html>\n`;

/** A folder of its own for these messages, and the page that shows it. */
async function lair(page, messages) {
  const name = `Pièges ${Date.now()}`;
  const [{ created }] = await jmap(page, [['Mailbox/set', { create: { m: { name } } }]]);
  await arrive(page, messages, created.m.id);
  await page.goto(`/mail/${created.m.id}`);
  await page.waitForSelector('[role="option"]');
  return created.m.id;
}

const forget = (page, id) => jmap(page, [['Mailbox/set', { destroy: [id], onDestroyRemoveEmails: true }]]);

/** Opens a message and waits until its frame has drawn. */
async function read(page, subject) {
  await page.getByRole('region', { name: subject }).waitFor();
  const frame = page.frameLocator('article iframe');
  await frame.locator('body').waitFor({ state: 'attached' });
  return frame;
}

test('nothing in a message is fetched before the reader agrees, whatever it tries', async () => {
  const page = await enter(browser, person('fr', 2), { anyCertificate: true });
  const host = `127.0.0.1:${wire.port}`;
  const names = Object.keys(attacks);
  const subject = (n) => `Piège ${String(n + 1).padStart(3, '0')}`;
  const messages = names.map((name, n) => letter(subject(n), attacks[name].replaceAll('URL', `https://${host}/${n}`).replaceAll('HOST', `${host}/${n}`)));
  const box = await lair(page, messages.toReversed());
  const list = await page.$$eval('[role="option"]', (all) => all.length);
  assert.ok(list > 3);
  await page.locator('[role="option"]').first().click();
  for (let n = 0; n < names.length; n++) {
    const shown = await page.locator('section.reader h1').first().textContent();
    await read(page, shown.trim());
    await page.locator('article iframe').hover({ force: true, trial: true }).catch(() => undefined);
    await page.waitForTimeout(60);
    if (n + 1 < names.length) {
      await page.keyboard.press('j');
      await page.waitForFunction((before) => document.querySelector('section.reader h1')?.textContent !== before, shown);
    }
  }
  await page.waitForTimeout(500);
  const told = wire.heard.map((url) => names[Number(/^\/(\d+)/.exec(url)?.[1])] ?? url);
  assert.deepEqual([...new Set(told)], []);
  assert.deepEqual(page.faults, []);
  assert.ok(names.length >= 90, `${names.length} attacks`);
  await forget(page, box);
});

test('left to themselves, many of these attacks are heard', async () => {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const host = `127.0.0.1:${wire.port}`;
  const left = Object.keys(attacks).entries();
  wire.heard.length = 0;
  await Promise.all(Array.from({ length: 6 }, async () => {
    const page = await context.newPage();
    for (const [n, name] of left) {
      await page.setContent(attacks[name].replaceAll('URL', `https://${host}/${n}`).replaceAll('HOST', `${host}/${n}`), { waitUntil: 'commit' }).catch(() => undefined);
      await page.mouse.move(20 + (n % 9), 20);
      await page.waitForTimeout(250);
    }
  }));
  const loud = new Set(wire.heard.map((url) => /^\/(\d+)/.exec(url)?.[1]).filter(Boolean));
  await context.close();
  console.log(`# ${loud.size} of ${Object.keys(attacks).length} fetch in an unguarded page`);
  assert.ok(loud.size > 30, [...loud].join());
});

test('the server that hears nothing would hear: after consent a picture is fetched, and nothing but pictures', async () => {
  const page = await enter(browser, person('fr', 2), { anyCertificate: true });
  const host = `https://127.0.0.1:${wire.port}`;
  const html = `<img src="${host}/picture" width="200" height="100" alt="a"><img src="http://pictures.example/plain" width="200" height="100" alt="b"><link rel="stylesheet" href="${host}/sheet"><style>@import url(${host}/import);@font-face{font-family:a;src:url(${host}/font)}p{font-family:a}</style><script>fetch("${host}/script")</script><iframe src="${host}/frame"></iframe><video src="${host}/video" autoplay></video>`;
  const box = await lair(page, [letter('Images', html)]);
  wire.heard.length = 0;
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.locator('[role="option"]').first().click();
  await read(page, 'Images');
  await page.waitForTimeout(300);
  assert.deepEqual(wire.heard, []);
  await page.getByRole('button', { name: 'Afficher les images' }).click();
  await page.waitForFunction(() => [...document.querySelector('article iframe').contentDocument.querySelectorAll('img')].filter((one) => one.naturalWidth).length === 1);
  await page.waitForTimeout(300);
  assert.deepEqual(wire.heard.filter((one) => one !== 'a connection'), ['/picture']);
  assert.deepEqual(asked.filter((url) => url.includes('pictures.example')), ['https://pictures.example/plain']);
  await forget(page, box);
});

test('no link is a script, every link opens outside and says nothing of where it was read', async () => {
  const page = await enter(browser, person('fr', 2), { anyCertificate: true });
  const links = scripts.map((href) => `<a href="${href}">bad</a><area href="${href}">`).join('');
  const box = await lair(page, [letter('Liens', `${links}<a id="good" href="https://example.org/" target="_self" ping="https://example.org/ping">good</a><map name="m"><area href="https://example.org/area" target="_top"></map>`)]);
  await page.locator('[role="option"]').first().click();
  const frame = await read(page, 'Liens');
  const all = await frame.locator('a, area').evaluateAll((list) => list.map((one) => ({ href: one.getAttribute('href'), scheme: one.href ? new URL(one.href).protocol : '', target: one.target, rel: one.rel, ping: one.getAttribute('ping') })));
  assert.equal(all.length, scripts.length * 2 + 2);
  for (const one of all) assert.ok(['', 'https:', 'http:', 'mailto:', 'about:'].includes(one.scheme), JSON.stringify(one));
  for (const one of all.filter(({ href }) => href)) assert.deepEqual([one.target, one.rel, one.ping], ['_blank', 'noopener noreferrer nofollow', null]);
  assert.deepEqual(all.filter(({ href }) => href).map(({ href }) => href), ['https://example.org/', 'https://example.org/area']);
  const sandbox = await page.locator('article iframe').getAttribute('sandbox');
  assert.ok(!/allow-(scripts|forms|top-navigation)/.test(sandbox), sandbox);
  await forget(page, box);
});
