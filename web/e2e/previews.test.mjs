/** Pages that are linked to, in short: a server of its own may fetch them, and a site of the test hears who asks. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DESKTOP, enter, eventually, launch, open, person, signIn, sound } from './harness.mjs';
import { site } from './site.mjs';

const ANN = { name: 'Ann', address: 'ann@inside.example', password: 'quiet-harbour-lantern-4821' };
const HEAD = `<meta property="og:title" content="Lễ hội sông Hàn: three evenings of fire on the river"><meta property="og:site_name" content="Harbour office">
<meta property="og:description" content="The programme of each evening, the quays that are closed, and where the boats leave from.">`;
const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'parvis-previews-'));
const agents = new Set();
const hosts = new Set();
const questions = [];
let browser;
let harbour;
let server;
let page;

const log = (of) => of.getByRole('log');
const line = (text, of = page) => log(of).getByRole('article').filter({ hasText: text });
const card = (of = page) => of.getByRole('complementary', { name: 'Harbour office' });
const link = (path) => `https://${harbour.host}/${path}`;
/** What the site was asked for, whoever asked. */
const asked = () => harbour.heard.filter((one) => one !== 'a connection');

/** Runs the program, which here may look at what is on this machine. */
const program = (command, ...more) => [join(root, '.venv/bin/python'), ['-m', 'tests.inside', harbour.certificate, command, '--data', folder, ...more]];

async function started() {
  server = spawn(...program('serve', '--port', '0'), { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const said of createInterface({ input: server.stdout })) if (said.startsWith('Parvis: ')) return said.slice('Parvis: '.length);
  throw new Error('the server did not start');
}

/** Makes a room of a kind and opens it. */
async function room(kind, of = page) {
  await of.goto('/chat');
  await of.getByRole('button', { name: 'New conversation or room' }).click();
  await of.getByRole('menuitem', { name: 'New room' }).click();
  await of.getByRole('textbox', { name: 'Name', exact: true }).fill(`${kind} quay`);
  await of.getByRole('radio', { name: new RegExp(`^${kind}`) }).check();
  await of.getByRole('button', { name: 'Create' }).click();
  await of.getByRole('heading', { name: `${kind} quay` }).waitFor();
}

/** Says something, and waits until the server has it. */
async function say(text, of = page) {
  const [answer] = await Promise.all([of.waitForResponse((one) => /\/send\//.test(one.url())), (async () => {
    await of.getByRole('textbox', { name: /^Write in/ }).fill(text);
    await of.keyboard.press('Enter');
  })()]);
  assert.equal(answer.status(), 200);
  await line(text, of).waitFor();
}

/** The picture of the page: drawn here, so that there is something to see. */
async function drawn() {
  const canvas = await browser.newPage({ viewport: { width: 1200, height: 630 } });
  await canvas.setContent('<body style="margin:0;background:linear-gradient(#0b2545 45%,#e07a5f 60%,#f2cc8f 66%,#13315c 66%)"></body>');
  const picture = await canvas.screenshot();
  await canvas.close();
  return picture;
}

before(async () => {
  browser = await launch();
  const picture = await drawn();
  harbour = await site((request, response) => {
    agents.add(request.headers['user-agent']);
    const isPage = request.url !== '/picture.png';
    response.writeHead(200, { 'Content-Type': isPage ? 'text/html; charset=utf-8' : 'image/png' });
    response.end(isPage ? `<title>no</title>${HEAD}<meta property="og:image" content="/picture.png">` : picture);
  });
  writeFileSync(join(folder, 'parvis.toml'), 'domains = ["inside.example"]\n\n[chat]\npreviews = true\n');
  execFileSync(...program('account', 'add', ANN.address, '--name', ANN.name, '--password-stdin'), { cwd: root, input: `${ANN.password}\n`, stdio: ['pipe', 'ignore', 'inherit'] });
  page = await open(browser, { locale: 'en', url: await started() });
  page.context().on('request', (request) => {
    const { host, protocol } = new URL(request.url());
    if (protocol.startsWith('http')) hosts.add(host);
    if (request.url().includes('/preview_url')) questions.push(request.url());
  });
  await signIn(page, ANN, '.shell main');
});
after(async () => {
  await browser.close();
  harbour.close();
  if (server.exitCode === null) await new Promise((resolve) => server.once('exit', resolve).kill());
  rmSync(folder, { recursive: true });
});

test('a page is fetched by the server, and shown as a card with a picture of this house', async () => {
  await room('Open');
  await say(`Shall we go? ${link('fire')}`);
  await card().getByRole('link', { name: /three evenings of fire/ }).waitFor();
  await card().getByText('The programme of each evening').waitFor();
  await eventually(async () => assert.ok(await card().locator('img').evaluate((node) => node.naturalWidth)));
  await sound(page, 'chat-preview', DESKTOP);
  assert.deepEqual(asked(), ['/fire', '/picture.png']);
  assert.deepEqual([...agents], ['Parvis link preview']);
  assert.deepEqual([...hosts], [new URL(page.url()).host]);
});

test('who does not want to see a card puts it away, and it stays away', async () => {
  await card().hover();
  await card().getByRole('button', { name: 'Hide the page in short' }).click();
  await card().waitFor({ state: 'detached' });
  await page.reload();
  await line('Shall we go?').waitFor();
  assert.equal(await card().count(), 0);
});

for (const kind of ['Private', 'Encrypted']) {
  test(`what is linked to in rooms that are ${kind.toLowerCase()} is told to nobody, until the reader asks for it`, async () => {
    const path = kind.toLowerCase();
    await room(kind);
    questions.length = 0;
    await say(`Between us: ${link(path)}`);
    await say('Read it');
    assert.deepEqual([questions, asked().filter((one) => one === `/${path}`), await card().count()], [[], [], 0]);
    await line('Between us').hover();
    await line('Between us').getByRole('button', { name: 'More about this message' }).click();
    await page.getByRole('menuitem', { name: 'Show the page in short' }).click();
    await card().waitFor();
    assert.equal(asked().filter((one) => one === `/${path}`).length, 1);
  });
}

test('who has switched them off sees none, and nothing is asked', async () => {
  await page.goto('/settings/chat');
  await page.getByRole('switch', { name: 'Show them in open rooms' }).click();
  await eventually(async () => assert.equal(await page.getByRole('switch', { name: 'Show them in open rooms' }).getAttribute('aria-checked'), 'false'));
  questions.length = 0;
  await page.goto('/chat');
  await page.getByRole('navigation', { name: 'Conversations' }).getByRole('link', { name: /Open quay/ }).click();
  await say(`And this one: ${link('off')}`);
  await say('Tomorrow');
  assert.deepEqual([questions, asked().filter((one) => one === '/off'), await card().count()], [[], [], 0]);
  assert.deepEqual([...hosts], [new URL(page.url()).host]);
  assert.deepEqual(page.faults, []);
});

test('where the organisation has not switched them on, nothing is asked either', async () => {
  const other = await enter(browser, person('en'));
  const seen = [];
  other.on('request', (request) => /preview_url/.test(request.url()) && seen.push(request.url()));
  await room('Open', other);
  await say(`Look: ${link('nowhere')}`, other);
  await say('Or not', other);
  assert.deepEqual([seen, asked().filter((one) => one === '/nowhere'), await card(other).count()], [[], [], 0]);
  await other.goto('/settings/chat');
  await other.getByText('Your administration has not switched them on').waitFor();
  assert.deepEqual(other.faults, []);
});
