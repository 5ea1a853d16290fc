/**
 * Opens mail clients and reads messages in them, in alternating rounds. Standard input: `{sides: [{name, url, user,
 * password}], messages, rounds, delay}`; `messages` are `{row, subject, text, html}` by name, `row` counted from the
 * newest message. Standard output: a list of `{side, visit, what, value}`; times and CPU of the page's main thread in ms.
 */
import { given, launch, line, watching } from './watch.mjs';

/** How each client is signed in to, and where it shows things. */
const CLIENTS = {
  Parvis: {
    inbox: 'mail/inbox',
    user: 'input[name="username"]',
    password: 'input[name="password"]',
    row: '[role="option"] .subj b',
    index: (row) => row / 4, // a row is a conversation of four messages
    text: 'article:not(.folded) .body .text',
    html: 'article:not(.folded) .body iframe >>> body',
  },
  Roundcube: {
    inbox: '?_task=mail&_mbox=INBOX',
    user: '#rcmloginuser',
    password: '#rcmloginpwd',
    row: '#messagelist tbody td.subject .subject a',
    index: (row) => row,
    text: '#messagecontframe >>> #messagebody',
    html: '#messagecontframe >>> #messagebody',
  },
};

const { sides, messages, rounds, delay } = await given();
const browser = await launch();
const samples = [];

/** Signs in, in a context of its own, and gives the cookies. */
async function cookies(side, url) {
  const client = CLIENTS[side.name];
  const context = await browser.newContext({ serviceWorkers: 'block' });
  const page = await context.newPage();
  await page.goto(url);
  await page.fill(client.user, side.user);
  await page.fill(client.password, side.password);
  await page.press(client.password, 'Enter');
  await page.waitForSelector(client.row);
  const kept = await context.cookies();
  await context.close();
  return kept;
}

/** One visit: the inbox, then the messages of these names, one after the other. */
async function visit(context, side, url, name, read) {
  const client = CLIENTS[side.name];
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  const keep = (what, value) => samples.push({ side: side.name, visit: name, what, value });
  const cpu = async (what) => {
    const { metrics } = await devtools.send('Performance.getMetrics');
    for (const kind of ['Task', 'Script']) keep(`${what}: ${kind} CPU`, metrics.find((one) => one.name === `${kind}Duration`).value * 1000);
  };
  await page.goto(url + client.inbox, { waitUntil: 'commit' });
  const first = messages.first;
  keep('list', await page.evaluate(([...asked]) => window.__watch(...asked), [client.row, client.index(first.row), first.subject]));
  await cpu('list');
  for (const what of read) {
    const { row, text, html } = messages[what];
    if (what !== read[0]) await page.waitForTimeout(1000); // Roundcube waits longer when rows are chosen in haste
    await page.locator(client.row).nth(client.index(row)).click();
    const shown = await page.evaluate(([...asked]) => window.__watch(...asked), [html ? client.html : client.text, null, text]);
    keep(what, shown - (await page.evaluate(() => window.__pressed)));
    if (what === read[0]) await cpu('message');
  }
  return page;
}

/** Cold and warm: with nothing but the cookie, then again in the same browser context once it rests. */
async function round(side, url, counted) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
  await context.addInitScript(watching);
  await context.addCookies(await cookies(side, url));
  counted();
  for (const [name, read] of [['cold', ['first', 'html']], ['warm', ['first', 'other']]]) {
    const page = await visit(context, side, url, name, read);
    await page.waitForTimeout(name === 'cold' ? 8000 : 2500); // our service worker comes after 5 s
    for (const [what, value] of Object.entries(counted())) samples.push({ side: side.name, visit: name, what, value });
    await page.close();
  }
  await context.close();
}

const lines = [];
for (const { url } of sides) lines.push(delay ? await line(url, delay) : { url, counted: () => ({}) });
for (let number = 0; number <= rounds; number += 1) {
  if (number === 1) samples.length = 0; // the first round warms the servers up
  for (const [index, side] of sides.entries()) await round(side, lines[index].url, lines[index].counted);
}
await browser.close();
process.stdout.write(JSON.stringify(samples), () => process.exit(0));
