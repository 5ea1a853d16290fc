/**
 * The browser tests' ground: Debian's Chromium, a running server named by the file in PARVIS_DEMO
 * (`{url, people: [{name, address, password, language}]}`), sign-in and axe.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createConnection } from 'node:net';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

export const demo = JSON.parse(readFileSync(process.env.PARVIS_DEMO ?? '../demo/demo.json', 'utf8'));
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SHOTS = process.env.PARVIS_SHOTS;

/** The nth person of a language. */
export function person(language, nth = 0) {
  const found = demo.people.filter((one) => one.language === language)[nth];
  assert.ok(found, `no person ${nth} for ${language} in the demo`);
  return found;
}

const WHOLE = '/usr/bin/chromium';
/** The same engine without windows, which takes a third less of the machine. */
const LIGHT = '/usr/bin/chromium-headless-shell';

/** A browser: the one that CHROMIUM names, else the light one where it is installed. */
export function launch(...more) {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? (existsSync(LIGHT) ? LIGHT : WHOLE), args: ['--no-sandbox', ...more] });
}

/** The whole browser, for what the light one does not do. */
export function launchWhole() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? WHOLE, args: ['--no-sandbox'] });
}

/** A page of its own, with errors of the page collected in `page.faults`. */
export async function open(browser, { width = 1440, height = 900, theme = 'light', locale = 'fr-FR', worker = false, reminders = false, anyCertificate = false, url = demo.url } = {}) {
  const phone = width < 500;
  const context = await browser.newContext({
    viewport: { width, height }, colorScheme: theme, locale, hasTouch: phone, isMobile: phone,
    ignoreHTTPSErrors: anyCertificate, reducedMotion: 'reduce', serviceWorkers: worker ? 'allow' : 'block', baseURL: url,
  });
  // The demo's events ring at their hour: no test is moved by the row of their reminders.
  if (!reminders) await context.addInitScript(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync('main > .alerts { display: none; }');
    document.adoptedStyleSheets = [sheet];
  });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(error.stack ?? String(error)));
  await page.goto('/');
  return page;
}

/** Signs in, and waits until what the person begins with is there. */
export async function signIn(page, who, shown = '[role="option"]') {
  await page.waitForSelector('input[name="username"]');
  await page.fill('input[name="username"]', who.address);
  await page.fill('input[name="password"]', who.password);
  await page.keyboard.press('Enter');
  await page.waitForSelector('.shell');
  await page.waitForSelector(shown);
}

/** Opens a page and signs in. */
export async function enter(browser, who, options) {
  const page = await open(browser, { locale: who.language, ...options });
  await signIn(page, who);
  return page;
}

/** A person's page for each test of a file: signed in before the first, loaded anew before the others, without what the last has put over it or opened. */
export async function anew(browser, who, page) {
  if (!page) return enter(browser, who);
  for (const other of page.context().pages()) if (other !== page) await other.close();
  await page.unrouteAll();
  page.faults.length = 0;
  await page.goto('/mail/inbox');
  await page.waitForSelector('[role="option"]');
  return page;
}

/** Puts away the notes of what was done before: they lie over the foot of the page for some seconds. */
export function putAway(page) {
  return page.evaluate(() => {
    for (const close of document.querySelectorAll('.toast > .icon')) close.click();
  });
}

/** Goes to a path as a link of the client does, without loading it again; notes are put away. */
export async function go(page, path) {
  await putAway(page);
  await page.evaluate((path) => {
    history.pushState(null, '', path);
    dispatchEvent(new PopStateEvent('popstate'));
  }, path);
}

/** Fails with what axe found, by rule and element; of all rules or of those named. */
export async function accessible(page, name, rules) {
  if (!rules) await page.waitForTimeout(150);
  await page.evaluate(() => Promise.allSettled(document.getAnimations().filter((one) => one.effect?.getComputedTiming().endTime < Infinity).map((one) => one.finished)));
  await shot(page, name);
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axeSource);
  const runOnly = rules ?? ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  // Nothing runs in the frames of messages: axe would wait for their answer in vain.
  const { violations } = await page.evaluate((only) => globalThis.axe.run(document, { runOnly: only, resultTypes: ['violations'], iframes: false }), runOnly);
  const told = violations.map((one) => `${one.id} (${one.impact}): ${one.nodes.map((node) => `${node.target.join(' ')} ${node.failureSummary}`).slice(0, 3).join('\n    ')}`);
  assert.deepEqual(told, [], `${name}: axe`);
}

/** Controls that lie outside the window, other than in a row that scrolls by itself; and how far the page scrolls. */
export const lost = () => {
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

export const DESKTOP = { name: 'desktop', width: 1440, height: 900, smallest: { width: 640, height: 450 } };
export const PHONE = { name: 'phone', width: 390, height: 844, smallest: { width: 320, height: 700 } };

/** What a page shows is accessible in both themes, and nothing is lost in the smallest window of the device. */
export async function sound(page, name, { width, height, smallest }) {
  await accessible(page, `${name}-${width}`);
  await page.emulateMedia({ colorScheme: 'dark' });
  await accessible(page, `${name}-${width}-dark`, ['color-contrast']);
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(smallest);
  await shot(page, `${name}-${smallest.width}`);
  await eventually(async () => assert.deepEqual(await page.evaluate(lost), [], name));
  await page.setViewportSize({ width, height });
}

export async function shot(page, name) {
  if (!SHOTS) return;
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: `${SHOTS}/${name}.png` });
}

/** Runs a check until it holds, for so many seconds; then fails as it failed last. For whatever is there a moment later; answers with what the check does. */
export async function eventually(check, seconds = 20) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** The keys of what the device keeps in one of its stores. */
const keysOf = (page, store) =>
  page.evaluate(async (store) => {
    const done = (request) => new Promise((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: () => reject(request.error) }));
    const { name } = (await indexedDB.databases()).find((one) => /^parvis-(?!chat-)/.test(one.name));
    const device = await done(indexedDB.open(name));
    const keys = await done(device.transaction(store).objectStore(store).getAllKeys());
    device.close();
    return keys;
  }, store);

/** Waits until as many changes as given wait on the device for the server: none, when all have been sent. */
export function waiting(page, count = 0) {
  return eventually(async () => assert.equal((await keysOf(page, 'outbox')).length, count), 60);
}

/** Waits until the device keeps records of these kinds, to be shown without a network. */
export function stored(page, ...kinds) {
  return eventually(async () => {
    const keys = await keysOf(page, 'records');
    for (const kind of kinds) assert.ok(keys.some((key) => key.includes(`/${kind}/`)), kind);
  });
}

/** Subjects of the list's first rows, as they are shown. */
export function subjects(page) {
  return page.$$eval('[role="option"] .subj b', (all) => all.map((one) => one.textContent.trim()));
}

/** Waits until the server has read everything there is to find, also what has just been said. */
export function learned(page) {
  return eventually(async () => {
    const [{ items, waiting }] = await jmap(page, [['Search/status', {}]]);
    assert.ok(items && !waiting, `${items} read, ${waiting} to be read`);
  }, 300);
}

/** A JMAP call with the page's own session, to see what the server has. */
export function jmap(page, calls) {
  return page.evaluate(async (methodCalls) => {
    const session = await (await fetch('/.well-known/jmap')).json();
    const accountId = session.primaryAccounts['urn:ietf:params:jmap:mail'];
    const body = { using: Object.keys(session.capabilities), methodCalls: methodCalls.map(([name, args], n) => [name, { accountId, ...args }, `c${n}`]) };
    const answer = await fetch(session.apiUrl, { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Parvis': '1' }, body: JSON.stringify(body) });
    return (await answer.json()).methodResponses.map((one) => one[1]);
  }, calls);
}

/** Waits until the server keeps this of what the person has chosen. */
export function chosen(page, name, value) {
  return eventually(async () => assert.equal((await jmap(page, [['Preferences/get', { ids: null }]]))[0].list[0][name], value));
}

/** Puts messages (their whole text, lines ended by \n) into a mailbox by its role or id; answers with their ids. */
export function arrive(page, messages, box = 'inbox', receivedAt = new Date().toISOString().replace(/\.\d+/, '')) {
  return page.evaluate(async ({ messages, box, receivedAt }) => {
    const session = await (await fetch('/.well-known/jmap')).json();
    const accountId = session.primaryAccounts['urn:ietf:params:jmap:mail'];
    const post = async (url, body, type) => (await fetch(url, { method: 'POST', headers: { 'Content-Type': type, 'X-Parvis': '1' }, body })).json();
    const call = async (name, args) => (await post(session.apiUrl, JSON.stringify({ using: Object.keys(session.capabilities), methodCalls: [[name, { accountId, ...args }, 'c']] }), 'application/json')).methodResponses[0][1];
    const found = (await call('Mailbox/get', { ids: null })).list.find((one) => one.role === box || one.id === box);
    const ids = [];
    for (let from = 0; from < messages.length; from += 200) {
      const emails = {};
      for (const [n, text] of messages.slice(from, from + 200).entries()) {
        const { blobId } = await post(session.uploadUrl.replace('{accountId}', accountId), text.replaceAll('\n', '\r\n'), 'message/rfc822');
        emails[n] = { blobId, mailboxIds: { [found.id]: true }, keywords: {}, receivedAt };
      }
      const { created, notCreated } = await call('Email/import', { emails });
      if (notCreated && Object.keys(notCreated).length) throw new Error(JSON.stringify(notCreated));
      ids.push(...Object.values(created).map((one) => one.id));
    }
    return ids;
  }, { messages, box, receivedAt });
}

/** Brings a message, given by its lines, to the server's door, as any other server would. */
export async function bring(from, to, message) {
  const socket = createConnection(demo.ports.smtp, '127.0.0.1');
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const answer = async (expected) => {
    let line;
    do ({ value: line } = await lines.next());
    while (line[3] === '-');
    assert.equal(line.slice(0, 3), expected, line);
  };
  const say = async (line, expected) => {
    socket.write(`${line}\r\n`);
    await answer(expected);
  };
  await answer('220');
  await say('EHLO port.example', '250');
  await say(`MAIL FROM:<${from}>`, '250');
  await say(`RCPT TO:<${to}>`, '250');
  await say('DATA', '354');
  await say([...message, '.'].join('\r\n'), '250');
  socket.end('QUIT\r\n');
}

/** Brings a plain message. */
export async function toDoor({ to, subject, from = 'greffe@port.example', head = [], text = 'Bonjour.' }) {
  const fields = [`From: Greffe du port <${from}>`, `To: ${to}`, `Subject: ${subject}`, `Message-ID: <${Date.now()}.${Math.random()}@port.example>`, `Date: ${new Date().toUTCString()}`, ...head];
  await bring(from, to, [...fields, '', text]);
}
