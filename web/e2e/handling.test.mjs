import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { anew, arrive, enter, eventually, jmap, launch, person, putAway } from './harness.mjs';

let browser;
let page;
before(async () => (browser = await launch()));
after(() => browser.close());
beforeEach(async () => {
  page = await anew(browser, person('fr', 1), page);
});

const letter = (subject, fields = '', body = 'Bonjour,\n\nvoici.\n') =>
  `From: Boutique <info@boutique.example>\nTo: ${person('fr', 1).address}\nSubject: ${subject}\nMessage-ID: <${Math.random()}@boutique.example>\n${fields}MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n${body}`;
const row = (subject) => page.locator('[role="option"]', { hasText: subject });
const named = (what) => `${what} ${Date.now() % 1_000_000}`;
const boxes = async () => Object.fromEntries((await jmap(page, [['Mailbox/get', { ids: null }]]))[0].list.map((one) => [one.role ?? one.name, one.id]));
const emailOf = async (id, ...properties) => (await jmap(page, [['Email/get', { ids: [id], properties }]]))[0].list[0];
/** Waits until a message of the server's is as it must be; answers with it. */
const settled = (id, properties, holds) =>
  eventually(async () => {
    const email = await emailOf(id, ...properties);
    assert.ok(holds(email), JSON.stringify(email));
    return email;
  });
/** Waits until there is what is asked for; answers with it. */
const until = (ask) =>
  eventually(async () => {
    const found = await ask();
    assert.ok(found, String(ask));
    return found;
  });

test('a conversation is snoozed with H, waits in its mailbox, comes back by undo, and by itself at its time', async () => {
  const subject = named('Attente');
  const [id] = await arrive(page, [letter(subject)]);
  await row(subject).waitFor();
  await row(subject).click();
  await page.getByRole('region', { name: subject }).waitFor();
  await page.keyboard.press('h');
  await page.getByRole('dialog', { name: 'Mettre en attente jusqu’à' }).waitFor();
  await page.getByRole('button', { name: /^Demain/ }).click();
  await row(subject).waitFor({ state: 'detached' });
  const slept = await settled(id, ['mailboxIds', 'snoozedUntil'], (email) => email.snoozedUntil);
  const tomorrow = await page.evaluate(() => new Date(new Date().getFullYear(), new Date().getMonth(), new Date().getDate() + 1, 8).getTime());
  assert.equal(Date.parse(slept.snoozedUntil), tomorrow);
  await eventually(async () => assert.deepEqual(Object.keys(slept.mailboxIds), [(await boxes()).snoozed]));
  await page.getByRole('link', { name: 'En attente' }).click();
  await row(subject).locator('.waits', { hasText: '08:00' }).waitFor();
  await page.keyboard.press('z');
  await row(subject).waitFor({ state: 'detached' });
  const back = await settled(id, ['mailboxIds', 'snoozedUntil'], (email) => email.snoozedUntil === null);
  await eventually(async () => assert.deepEqual(Object.keys(back.mailboxIds), [(await boxes()).inbox]));

  const all = await boxes();
  const soon = new Date(Date.now() + 2_000).toISOString().replace(/\.\d+/, '');
  await jmap(page, [['Email/set', { update: { [id]: { mailboxIds: { [all.snoozed]: true }, snoozedUntil: soon, 'keywords/$seen': true } } }]]);
  await page.goto('/mail/inbox');
  await page.locator('[role="option"]').first().locator('.unread', { hasText: subject }).waitFor();
  assert.deepEqual(page.faults, []);
});

test('what nobody vouches for is said in plain words, what is forged can be reported, and what is proved needs no words', async () => {
  const { authservId } = await page.evaluate(async () => {
    const session = await (await fetch('/.well-known/jmap')).json();
    return session.accounts[session.primaryAccounts['urn:parvis:mail']].accountCapabilities['urn:parvis:mail'];
  });
  const said = (rest) => `Authentication-Results: ${authservId}; ${rest}\n`;
  const base = named('Preuve');
  const [, , id] = await arrive(page, [
    letter(`${base} vraie`, said('spf=pass smtp.mailfrom=info@boutique.example; dmarc=pass header.from=boutique.example')),
    letter(`${base} douteuse`, said('spf=none; dmarc=none header.from=boutique.example')),
    letter(`${base} fausse`, said('spf=fail; dmarc=fail header.from=boutique.example policy.dmarc=none')),
  ]);
  const note = page.getByRole('note');
  for (const one of ['vraie', 'douteuse', 'fausse']) await row(`${base} ${one}`).waitFor(); // the list moves no more
  await row(`${base} vraie`).click();
  await page.getByRole('region', { name: `${base} vraie` }).waitFor();
  await page.locator('article .body').getByText('voici.').waitFor();
  await eventually(async () => assert.equal(await note.count(), 0));
  await row(`${base} douteuse`).click();
  await note.getByText('Rien ne prouve que ce message vienne vraiment de boutique.example').waitFor();
  await eventually(async () => assert.equal(await note.getByRole('button', { name: 'Signaler' }).count(), 0));
  await row(`${base} fausse`).click();
  await note.getByText('boutique.example ne l’a pas envoyé').waitFor();
  await note.getByRole('button', { name: 'Signaler un hameçonnage' }).click();
  await row(`${base} fausse`).waitFor({ state: 'detached' });
  const reported = await settled(id, ['mailboxIds', 'keywords'], (email) => email.keywords.$phishing);
  await eventually(async () => assert.deepEqual(Object.keys(reported.mailboxIds), [(await boxes()).junk]));
  assert.ok(reported.keywords.$junk);
  assert.deepEqual(page.faults, []);
});

test('leaving a list asks first; what one press cannot do is offered as a message', async () => {
  const subject = named('Lettre');
  await arrive(page, [letter(subject, 'List-Unsubscribe: <mailto:off@boutique.example?subject=D%C3%A9part>, <https://boutique.example/off>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n')]);
  await row(subject).click();
  await page.getByRole('button', { name: 'Se désabonner' }).waitFor();
  await page.keyboard.press('Shift+N');
  const dialog = page.getByRole('dialog', { name: 'Se désabonner' });
  await dialog.getByText('Vous ne recevrez plus ces messages de Boutique').waitFor();
  await dialog.getByRole('button', { name: 'Se désabonner' }).click();
  const link = dialog.getByRole('link', { name: 'Ouvrir boutique.example' }); // no signature of the list's is proved
  await link.waitFor();
  await eventually(async () => assert.deepEqual([await link.getAttribute('href'), await link.getAttribute('rel')], ['https://boutique.example/off', 'noopener noreferrer nofollow']));
  await dialog.getByRole('button', { name: 'Écrire un message' }).click();
  await page.locator('.prose').waitFor();
  await eventually(async () => assert.equal(await page.inputValue('.subject'), 'Départ'));
  await page.getByText('off@boutique.example').waitFor();
  await page.getByRole('button', { name: 'Supprimer le brouillon' }).click();
  assert.deepEqual(page.faults, []);
});

test('a message is written again as a new one, and its original shown by a key', async () => {
  const subject = named('Encore');
  await arrive(page, [letter(subject, '', 'Le texte même.\n')]);
  await row(subject).click();
  await page.locator('article .body').getByText('Le texte même.').waitFor();
  await page.keyboard.press('Shift+O');
  await page.getByRole('dialog').getByText(`Subject: ${subject}`).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Shift+E');
  await page.locator('.prose', { hasText: 'Le texte même.' }).waitFor();
  await eventually(async () => assert.equal(await page.inputValue('.subject'), subject));
  await page.locator('.composer .to').getByText(person('fr', 1).address.split('@')[0], { exact: false }).first().waitFor();
  await page.getByRole('button', { name: 'Supprimer le brouillon' }).click();
  assert.deepEqual(page.faults, []);
});

test('a text is kept as a template, and begins another message', async () => {
  const name = named('Modèle');
  await page.keyboard.press('c');
  await page.locator('.prose').click();
  await page.keyboard.press('Control+Home');
  await page.keyboard.type('Merci de votre message.');
  await page.fill('.subject', 'Bien reçu');
  await page.getByRole('button', { name: 'Modèles' }).click();
  await page.getByRole('textbox', { name: 'Nom du modèle' }).fill(name);
  await page.getByRole('button', { name: 'Enregistrer comme modèle' }).click();
  await page.getByText(`Modèle « ${name} » enregistré`).waitFor();
  await page.getByRole('button', { name: 'Supprimer le brouillon' }).click();
  await page.locator('.prose').waitFor({ state: 'detached' });
  await page.reload();
  await page.waitForSelector('[role="option"]');
  await page.keyboard.press('Shift+C');
  await page.getByRole('menuitem', { name }).click();
  await page.locator('.prose', { hasText: 'Merci de votre message.' }).waitFor();
  await eventually(async () => assert.equal(await page.inputValue('.subject'), 'Bien reçu'));
  const text = await page.locator('.prose').innerText();
  assert.equal(text.split('Merci').length, 2, text);
  assert.ok(!/^--$[\s\S]*^--$/m.test(text), text); // one signature
  await page.getByRole('button', { name: 'Supprimer le brouillon' }).click();
  await page.goto('/settings/mail');
  await page.getByRole('button', { name: `Supprimer ${name}` }).click();
  await page.getByText('Modèle supprimé').waitFor();
  await eventually(async () => assert.ok(!(await jmap(page, [['EmailTemplate/get', { ids: null }]]))[0].list.some((one) => one.name === name)));
  assert.deepEqual(page.faults, []);
});

test('another identity brings its own signature', async () => {
  const name = named('Service');
  await page.goto('/settings/mail');
  await page.locator('form', { has: page.getByRole('button', { name: 'Ajouter une identité' }) }).getByRole('textbox', { name: 'Nom' }).fill(name);
  await page.getByRole('button', { name: 'Ajouter une identité' }).click();
  const mine = (await until(async () => (await jmap(page, [['Identity/get', { ids: null }]]))[0].list.find((one) => one.name === name))).id;
  await jmap(page, [['Identity/set', { update: { [mine]: { textSignature: `Le ${name}`, htmlSignature: `<p>Le ${name}</p>` } } }]]);
  await page.goto('/mail/inbox');
  await page.waitForSelector('[role="option"]');
  await page.keyboard.press('c');
  await page.locator('.prose').click();
  await page.keyboard.press('Control+Home');
  await page.keyboard.type('Mes mots');
  const before = await page.locator('.prose').innerText();
  await page.locator('.composer select').selectOption({ label: `${name} <${person('fr', 1).address}>` });
  await page.locator('.prose', { hasText: `Le ${name}` }).waitFor();
  const now = await page.locator('.prose').innerText();
  assert.equal(now.match(/^--$/gm).length, 1, now);
  assert.ok(now.startsWith('Mes mots'), now);
  await page.locator('.composer select').selectOption({ index: 0 });
  await page.locator('.prose', { hasText: `Le ${name}` }).waitFor({ state: 'detached' });
  await eventually(async () => assert.equal((await page.locator('.prose').innerText()).trim(), before.trim()));
  await page.getByRole('button', { name: 'Supprimer le brouillon' }).click();
  await jmap(page, [['Identity/set', { destroy: [mine] }]]);
  assert.deepEqual(page.faults, []);
});

test('a label gets a colour, on every device', async () => {
  const subject = named('Couleur');
  await arrive(page, [letter(subject)]);
  await row(subject).click();
  await page.keyboard.press('l');
  await page.getByRole('combobox').fill(subject);
  await page.keyboard.press('Enter');
  await page.getByText(`Étiquette ${subject} ajoutée`).waitFor();
  await putAway(page);
  await page.getByRole('link', { name: subject }).click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Couleur de l’étiquette' }).click();
  const violet = await page.getByRole('radio', { name: 'Violet' }).isChecked(); // as its name may have it from the first
  await page.getByRole('radio', { name: violet ? 'Orange' : 'Violet' }).check({ force: true });
  await page.keyboard.press('Escape');
  await until(async () => Object.values((await jmap(page, [['Preferences/get', { ids: null }]]))[0].list[0].labelHues).includes(violet ? 60 : 300));
  const other = await enter(browser, person('fr', 1));
  const dot = other.getByRole('link', { name: subject }).locator('.dot');
  await dot.waitFor();
  await eventually(async () => assert.equal(await dot.evaluate((one) => one.style.getPropertyValue('--h')), violet ? '60' : '300'));
  await other.context().close();
  assert.deepEqual(page.faults, []);
});

test('ten thousand messages are chosen and archived with how far it is, and all brought back by Z', async () => {
  const COUNT = 10_000;
  const name = named('Grand');
  const [{ created }] = await jmap(page, [['Mailbox/set', { create: { m: { name } } }]]);
  const box = created.m.id;
  await fill(box, COUNT);
  await page.goto(`/mail/${box}`);
  await page.waitForSelector('[role="option"]');
  const held = async (id) => (await jmap(page, [['Mailbox/get', { ids: [id], properties: ['totalEmails'] }]]))[0].list[0].totalEmails;
  await eventually(async () => assert.equal(await held(box), COUNT));
  await page.keyboard.press('Control+a');
  await page.getByRole('button', { name: /Sélectionner les 10/ }).click();
  await page.getByRole('heading', { name: /^10.000 sélectionnés$/ }).waitFor();
  const began = Date.now();
  await page.keyboard.press('e');
  await page.getByText(/^\d[\d\s\u202f]* messages sur 10.000$/).waitFor();
  await page.getByText(/^10.000 conversations archivées/).waitFor({ timeout: 240_000 });
  console.log(`# archived ${COUNT} in ${Date.now() - began} ms`);
  await eventually(async () => assert.equal(await held(box), 0));
  await page.getByText('Rien ici pour l’instant').waitFor();
  const undoing = Date.now();
  await page.keyboard.press('z');
  await page.waitForFunction(() => !document.querySelector('.bulk') && document.querySelectorAll('[role="option"]').length > 0, null, { timeout: 240_000 });
  console.log(`# brought back in ${Date.now() - undoing} ms`);
  await eventually(async () => assert.equal(await held(box), COUNT));
  assert.deepEqual(page.faults, []);
  await jmap(page, [['Mailbox/set', { destroy: [box], onDestroyRemoveEmails: true }]]);
});

test('a large trash is emptied after a time in which it can be kept', async () => {
  const { trash } = await boxes();
  await fill(trash, 300);
  const held = async () => (await jmap(page, [['Mailbox/get', { ids: [trash], properties: ['totalEmails'] }]]))[0].list[0].totalEmails;
  const before = await held();
  await page.clock.install();
  await page.goto('/mail/trash');
  await page.waitForSelector('[role="option"]');
  for (const kept of [true, false]) {
    await page.keyboard.press('Control+Shift+A');
    await page.keyboard.press('#');
    await page.getByText('Tout va être supprimé définitivement.').waitFor();
    if (kept) await page.keyboard.press('z');
    await page.clock.fastForward(8_500);
    if (kept) await eventually(async () => assert.equal(await held(), before));
  }
  await page.getByText(/conversations supprimées définitivement/).waitFor();
  await eventually(async () => assert.equal(await held(), 0));
  assert.deepEqual(page.faults, []);
});

/** Fills a mailbox with small messages, by one upload of each text and many imports. */
async function fill(box, count) {
  await page.evaluate(async ({ box, count }) => {
    const session = await (await fetch('/.well-known/jmap')).json();
    const accountId = session.primaryAccounts['urn:ietf:params:jmap:mail'];
    const most = session.capabilities['urn:ietf:params:jmap:core'].maxObjectsInSet;
    const call = async (name, args) => {
      const body = JSON.stringify({ using: Object.keys(session.capabilities), methodCalls: [[name, { accountId, ...args }, 'c']] });
      const answer = await fetch(session.apiUrl, { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Parvis': '1' }, body });
      return (await answer.json()).methodResponses[0][1];
    };
    for (let from = 0; from < count; from += most) {
      const create = {};
      for (let n = from; n < Math.min(count, from + most); n++) {
        create[n] = { mailboxIds: { [box]: true }, from: [{ email: `p${n % 50}@foule.example` }], subject: `Foule ${n}`, messageId: [`foule-${n}-${box}@foule.example`], textBody: [{ partId: 't', type: 'text/plain' }], bodyValues: { t: { value: `Message ${n}` } } };
      }
      const { notCreated } = await call('Email/set', { create });
      if (notCreated && Object.keys(notCreated).length) throw new Error(JSON.stringify(Object.values(notCreated)[0]));
    }
  }, { box, count });
}
