import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, DESKTOP, demo, enter, eventually, jmap, launch, person, PHONE, shot, sound } from './harness.mjs';

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

const administrator = demo.people.find((one) => one.administrator);
// Where nobody answers, as the demo's settings say.
const NOWHERE = 'silence.example';

/** Sends messages that cannot arrive: to these addresses, one each. */
function send(page, addresses) {
  return page.evaluate(async (addresses) => {
    const session = await (await fetch('/.well-known/jmap')).json();
    const accountId = session.primaryAccounts['urn:ietf:params:jmap:mail'];
    const call = async (name, args) => {
      const body = { using: Object.keys(session.capabilities), methodCalls: [[name, { accountId, ...args }, 'c']] };
      return (await (await fetch(session.apiUrl, { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Parvis': '1' }, body: JSON.stringify(body) })).json()).methodResponses[0][1];
    };
    const [identity] = (await call('Identity/get', { ids: null })).list;
    const drafts = (await call('Mailbox/get', { ids: null })).list.find((one) => one.role === 'drafts');
    for (const email of addresses) {
      const draft = { mailboxIds: { [drafts.id]: true }, from: [{ email: identity.email }], to: [{ email }], subject: 'Essai', textBody: [{ partId: '1', type: 'text/plain' }], bodyValues: { 1: { value: 'Bonjour.' } } };
      const { created, notCreated } = await call('Email/set', { create: { a: draft } });
      if (!created?.a) throw new Error(JSON.stringify(notCreated));
      const sent = await call('EmailSubmission/set', { create: { s: { emailId: created.a.id, identityId: identity.id } } });
      if (!sent.created?.s) throw new Error(JSON.stringify(sent));
    }
  }, addresses);
}

async function visit(options) {
  const page = await enter(browser, administrator, options);
  await page.goto('/admin/queue');
  await page.locator('#admin-page').waitFor();
  return page;
}
const row = (page, address) => page.locator('li', { has: page.getByRole('checkbox', { name: new RegExp(address.replaceAll('.', '\\.')) }) });
const waiting = async (page) => (await jmap(page, [['MailQueue/get', {}]]))[0].list.map((one) => one.recipients[0].address);

test('what cannot leave is seen, tried, held, dropped, and a drop undone', async () => {
  const page = await visit();
  const all = (await jmap(page, [['MailQueue/get', { limit: 1000 }]]))[0].list.map((one) => one.id);
  await jmap(page, [['MailQueue/act', { act: 'drop', ids: all }]]);
  await page.reload();
  await page.getByText('Tout le courriel est parti').waitFor();
  await accessible(page, 'queue-empty');

  await send(page, [`ida@${NOWHERE}`, `ove@${NOWHERE}`, 'eva@absence.example']);
  await page.evaluate(() => dispatchEvent(new Event('focus')));
  await row(page, `ida@${NOWHERE}`).waitFor();
  const group = page.getByRole('region', { name: NOWHERE });
  await eventually(async () => assert.equal(await group.getByRole('listitem').count(), 2));
  await group.getByText('Détails').first().click({ timeout: 90_000 }); // a silent server is left alone for a minute
  await eventually(async () => assert.match(await group.locator('code').first().textContent(), /^4\d\d 4\./));
  await row(page, `ida@${NOWHERE}`).getByText(/Prochain essai/).waitFor({ timeout: 90_000 }); // either of the two may be tried first
  await shot(page, 'queue-details');

  const hold = page.getByRole('button', { name: 'Retenir' });
  await eventually(async () => assert.equal(await hold.isDisabled(), true));
  await group.getByRole('checkbox', { name: `Sélectionner tout ce qui va vers ${NOWHERE}` }).focus();
  await page.keyboard.press('Space');
  await page.getByText('2 sélectionnés').waitFor();
  await hold.click();
  await page.getByText('2 messages sont retenus.').waitFor();
  await row(page, `ove@${NOWHERE}`).getByText('Retenu').waitFor();

  await row(page, `ove@${NOWHERE}`).getByRole('checkbox').click();
  await page.getByRole('button', { name: 'Essayer' }).click();
  await page.getByText('Un message est essayé.').waitFor();
  await row(page, `ove@${NOWHERE}`).getByText('Retenu').waitFor({ state: 'detached' });
  await eventually(async () => assert.equal(await row(page, `ida@${NOWHERE}`).getByText('Retenu').count(), 1));

  await row(page, `ida@${NOWHERE}`).getByRole('checkbox').click();
  await page.getByRole('button', { name: 'Abandonner' }).click();
  await row(page, `ida@${NOWHERE}`).getByText('Va être abandonné').waitFor();
  await shot(page, 'queue-dropping');
  await page.getByRole('button', { name: /^Annuler/ }).click();
  await page.getByText('Rien n’a été abandonné.').waitFor();
  await eventually(async () => assert.ok((await waiting(page)).includes(`ida@${NOWHERE}`)));

  await row(page, `ida@${NOWHERE}`).getByRole('checkbox').click();
  await page.getByRole('button', { name: 'Abandonner' }).click();
  await eventually(async () => assert.ok((await waiting(page)).includes(`ida@${NOWHERE}`)));
  await page.getByText('Un message a été abandonné.').waitFor({ timeout: 15_000 });
  await eventually(async () => assert.deepEqual((await waiting(page)).filter((one) => one !== administrator.address).sort(), ['eva@absence.example', `ove@${NOWHERE}`]));
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test('nothing jumps under the pointer', async () => {
  const page = await visit();
  await send(page, ['pia@absence.example']);
  await page.reload();
  await row(page, 'pia@absence.example').hover();
  const before = await row(page, `ove@${NOWHERE}`).boundingBox();
  assert.ok(before.y > (await row(page, 'pia@absence.example').boundingBox()).y);
  const { list } = (await jmap(page, [['MailQueue/get', {}]]))[0];
  await jmap(page, [['MailQueue/act', { act: 'drop', ids: list.filter((one) => one.recipients[0].address.startsWith('pia')).map((one) => one.id) }]]);
  await page.evaluate(() => dispatchEvent(new Event('focus')));
  await row(page, 'pia@absence.example').getByText('N’attend plus').waitFor();
  await eventually(async () => assert.equal((await row(page, `ove@${NOWHERE}`).boundingBox()).y, before.y));
  await page.mouse.move(5, 5);
  await row(page, 'pia@absence.example').waitFor({ state: 'detached' });
  await page.context().close();
});

for (const device of [DESKTOP, PHONE]) {
  test(`on a ${device.name} it is sound`, async () => {
    const page = await visit(device);
    if (!(await waiting(page)).includes('eva@absence.example')) await send(page, [`lea@${NOWHERE}`, 'eva@absence.example']); // run alone
    await page.evaluate(() => dispatchEvent(new Event('focus')));
    await row(page, 'eva@absence.example').waitFor();
    await row(page, 'eva@absence.example').getByRole('checkbox').click();
    await page.getByText('Détails').first().click({ timeout: 90_000 });
    await sound(page, 'queue', device);
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });
}

test('nobody else reads the queue', async () => {
  const page = await enter(browser, person('fr'));
  await page.goto('/admin/queue');
  await page.waitForSelector('.shell');
  await eventually(async () => assert.equal(await page.locator('#admin-page').count(), 0));
  await eventually(async () => assert.equal((await jmap(page, [['MailQueue/get', {}]]))[0].type, 'forbidden'));
  await page.context().close();
});
