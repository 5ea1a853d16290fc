import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible, arrive, enter, eventually, jmap, launch, person, shot, waiting } from './harness.mjs';

const NAME = `Repeindre la capitainerie ${Date.now() % 100_000}`;
let browser;
let page;
const task = (name) => page.locator('.tasks [role="option"]', { hasText: name });

before(async () => {
  browser = await launch();
  page = await enter(browser, person('fr', 3));
});
after(() => browser.close());

test('a line of words makes a task, which is done with E and to do again with Z', async () => {
  await page.goto('/tasks');
  await page.locator('nav.folders .place a').first().waitFor();
  await page.keyboard.press('c');
  await page.locator('.tasks form input:focus').waitFor();
  await page.keyboard.type(`${NAME} demain #travaux !1`);
  await page.locator('.said', { hasText: 'travaux' }).waitFor();
  await page.keyboard.press('Enter');
  await task(NAME).waitFor();
  await page.keyboard.press('Escape');
  await task(NAME).click();
  await page.getByRole('textbox', { name: 'Nom' }).waitFor();
  await page.keyboard.press('e');
  await task(NAME).waitFor({ state: 'detached' });
  await page.keyboard.press('z');
  await task(NAME).waitFor();
});

test('what can be done with a task is in a menu, by the other button of the mouse and by the keyboard, in the list and on the board', async () => {
  const item = (name) => page.getByRole('menu', { name: 'Actions pour la tâche' }).getByRole('menuitem', { name });
  await waiting(page);
  await page.goto('/tasks');
  await task(NAME).click({ button: 'right' });
  await accessible(page, 'tasks-menu');
  await item('Lundi prochain').click();
  const monday = (due) => new Date(`${due.slice(0, 10)}T12:00:00`).getDay() === 1;
  const kept = async () => (await jmap(page, [['Task/query', { filter: { text: NAME } }]]).then(([{ ids }]) => jmap(page, [['Task/get', { ids }]])))[0].list.find(({ title }) => title === NAME);
  await eventually(async () => assert.ok(monday((await kept()).due)));
  await page.getByRole('listbox').focus();
  await eventually(async () => {
    await page.keyboard.press('ArrowDown');
    const at = await page.getByRole('listbox').getAttribute('aria-activedescendant');
    assert.ok((await page.locator(`[id="${at}"]`).textContent()).includes(NAME));
  });
  await page.keyboard.press('Shift+F10');
  await page.getByRole('menuitemcheckbox', { name: 'Haute', checked: true }).waitFor();
  await page.keyboard.press('b'); // Basse
  await page.keyboard.press('Enter');
  await eventually(async () => assert.equal((await kept()).priority, 9));
  await page.getByRole('listbox').and(page.locator(':focus')).waitFor();
  await page.keyboard.press('z');
  await eventually(async () => assert.equal((await kept()).priority, 1));
  await page.locator('nav.folders .place a').first().click();
  await page.getByRole('tab', { name: 'Tableau' }).click();
  await page.locator('[data-task]', { hasText: NAME }).click({ button: 'right' });
  await item('Sans date').click();
  await eventually(async () => assert.equal((await kept()).due ?? null, null));
  await page.getByRole('tab', { name: 'Liste' }).click();
  assert.deepEqual(page.faults, []);
});

test('how long a task will take is written as people say it, and what is no length says so', async () => {
  await task(NAME).click();
  const field = page.getByRole('combobox', { name: 'Durée estimée' });
  await field.fill('1h30');
  await page.keyboard.press('Tab');
  assert.match(await field.inputValue(), /^1\sh 30\smin$/);
  const id = new URL(page.url()).searchParams.get('open');
  const kept = async () => (await jmap(page, [['Task/get', { ids: [id] }]]))[0].list[0].estimatedDuration ?? null;
  await eventually(async () => assert.equal(await kept(), 'PT1H30M'));
  await field.fill('bientôt');
  await page.keyboard.press('Tab');
  await page.getByRole('alert').getByText('Écrivez une durée').waitFor();
  await accessible(page, 'tasks-length');
  assert.equal(await kept(), 'PT1H30M');
  await field.fill('');
  await page.keyboard.press('Tab');
  await eventually(async () => assert.equal(await kept(), null));
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
});

test('on the board it is moved with keys, told, and where it was put after a reload', async () => {
  await page.locator('nav.folders .place a').first().click();
  await page.getByRole('tab', { name: 'Tableau' }).click();
  await page.locator('[data-task]', { hasText: NAME }).focus();
  await page.keyboard.press('Alt+ArrowRight');
  await page.getByRole('region', { name: 'En cours' }).getByText(NAME).waitFor();
  await eventually(async () => assert.match(await page.locator('p.sr[role="status"]').last().textContent(), /En cours/));
  await page.reload();
  await page.getByRole('region', { name: 'En cours' }).getByText(NAME).waitFor();
  await page.getByRole('tab', { name: 'Liste' }).click();
});

test('a message becomes a task in one key, and the task leads back to it', async () => {
  const subject = `Amarres ${Date.now() % 100_000}`;
  await arrive(page, [`From: Greffe <greffe@port.example>\nTo: moi@port.example\nSubject: Re: TR: ${subject}\n\nBonjour.\n`]);
  await page.goto('/mail/inbox');
  await page.locator('[role="option"]', { hasText: subject }).click();
  await page.locator('article .body').first().waitFor();
  const thread = new URL(page.url()).pathname.split('/').at(-1);
  await page.keyboard.press('t');
  await page.getByRole('button', { name: 'Ouvrir', exact: true }).click();
  await eventually(async () => assert.equal(await page.getByRole('textbox', { name: 'Nom' }).inputValue(), subject));
  await page.locator('.tasks .source button').click();
  await page.locator('article .body').first().waitFor();
  assert.equal(new URL(page.url()).pathname.split('/').at(-1), thread);
  assert.deepEqual(page.faults, []);
});

test('in tasks and contacts the address of what is no longer there says so, and leads on', async () => {
  const away = { '/tasks/l/none': ['Cette liste n’est plus là.', 'Mes tâches'], '/contacts/book/none': ['Ce carnet n’est plus là.', 'Tous les contacts'], '/contacts/group/none': ['Ce groupe n’est plus là.', 'Tous les contacts'] };
  for (const [path, [told, on]] of Object.entries(away)) {
    await page.goto(path);
    await page.getByText(told).waitFor();
    await page.getByRole('main').getByRole('button', { name: on }).click();
    await page.getByRole('heading', { name: on, level: 1 }).waitFor();
  }
});

test('a task is given to somebody who does not see the list: they say how far they are, and who asked sees it', async () => {
  const name = `Vérifier les amarres ${Date.now() % 100_000}`, whom = person('fr', 1);
  await page.goto('/tasks');
  await page.locator('nav.folders .place a').first().waitFor();
  await page.keyboard.press('c');
  await page.locator('.tasks form input:focus').waitFor();
  await page.keyboard.type(`${name} demain`);
  await page.keyboard.press('Enter');
  await task(name).waitFor();
  await page.keyboard.press('Escape');
  await task(name).click();
  await page.getByLabel('Confier à…').selectOption({ label: 'Quelqu’un d’autre…' });
  await page.getByRole('combobox', { name: 'Nom ou adresse' }).fill(whom.address.slice(0, 8));
  await page.getByRole('button', { name: new RegExp(whom.name) }).click();
  await page.locator('.chips', { hasText: 'sans réponse' }).waitFor();
  await shot(page, 'tasks-given');

  const other = await enter(browser, whom);
  await other.goto('/tasks');
  const theirs = other.locator('.tasks [role="option"]', { hasText: name });
  await theirs.click();
  await other.getByText(`${person('fr', 3).name} vous a confié cette tâche`, { exact: false }).waitFor();
  await eventually(async () => assert.equal(await other.getByRole('textbox', { name: 'Nom' }).getAttribute('readonly'), ''));
  await shot(other, 'tasks-asked');
  await other.keyboard.press('Escape');
  await theirs.focus();
  await other.keyboard.press('e');
  await theirs.waitFor({ state: 'detached' });
  await page.locator('.chips', { hasText: 'faite' }).waitFor();
  assert.deepEqual([...page.faults, ...other.faults], []);
});

test('a reminder rings above every screen: it is put off, seen by all devices when it is closed, and gone once the task is done', async () => {
  const whom = person('vi', 1);
  const own = await enter(browser, whom, { reminders: true, locale: 'vi-VN' });
  const other = await enter(browser, whom, { reminders: true, locale: 'vi-VN', theme: 'dark', width: 390, height: 844 });
  const [{ list }] = await jmap(own, [['TaskList/get', { ids: null }]]);
  const ring = async (title) => {
    const due = new Date(Date.now() + 902_000).toISOString().slice(0, 19);
    const task = { taskListId: list.find(({ role }) => role === 'inbox').id, title, due, timeZone: 'Etc/UTC', alerts: { 1: { '@type': 'Alert', trigger: { '@type': 'OffsetTrigger', offset: '-PT15M', relativeTo: 'end' } } } };
    const [{ created }] = await jmap(own, [['Task/set', { create: { a: task } }]]);
    return { id: created.a.id, row: (page) => page.getByRole('region', { name: 'Lời nhắc công việc' }).getByRole('article', { name: title }) };
  };
  const serial = Date.now() % 100_000;
  const first = await ring(`Thay dây neo ${serial}`);
  await first.row(own).waitFor();
  const second = await ring(`Kiểm tra phao ${serial}`);
  await Promise.all([own, other].map((page) => second.row(page).waitFor()));
  await accessible(own, 'task-reminder');
  await shot(own, 'tasks-reminder');
  await shot(other, 'tasks-reminder-phone');
  await second.row(own).getByRole('button', { name: 'Nhắc lại sau' }).click();
  await own.getByRole('menuitem').first().click();
  await first.row(own).getByRole('button', { name: 'Đóng lời nhắc' }).click();
  await first.row(own).waitFor({ state: 'detached' });
  await own.reload();
  await own.waitForSelector('[role="option"]');
  await second.row(other).getByRole('button', { name: 'Xong' }).click();
  await second.row(other).waitFor({ state: 'detached' });
  assert.equal(await first.row(other).count(), 0);
  await eventually(async () => assert.deepEqual((await jmap(own, [['TaskReminder/get', { ids: null }]]))[0].list, []));
  await eventually(async () => assert.equal((await jmap(own, [['Task/get', { ids: [second.id] }]]))[0].list[0].progress, 'completed'));
  assert.equal(await second.row(own).count(), 0);
  assert.deepEqual([...own.faults, ...other.faults], []);
});

test('what others did that concerns somebody is told, leads to it, and is gone once it was seen', async () => {
  const serial = Date.now() % 100_000;
  const other = await enter(browser, person('fr', 1), { theme: 'dark', width: 390, height: 844 });
  const id = await other.evaluate(async () => (await (await fetch('/.well-known/jmap')).json()).primaryAccounts['urn:ietf:params:jmap:mail']);
  const [{ created }] = await jmap(page, [['TaskList/set', { create: { l: { name: `Chantier ${serial}`, shareWith: { [id]: { mayReadItems: true, mayRSVP: true } } } } }]]);
  const task = (title) => ({ taskListId: created.l.id, title, assigneeIds: { [id]: true } });
  const [{ created: made }] = await jmap(page, [['Task/set', { create: { a: task(`Sabler ${serial}`), b: task(`Vernir ${serial}`) } }]]);
  await jmap(page, [['Task/set', { update: { [made.b.id]: { due: '2026-12-24T00:00:00', showWithoutTime: true } } }]]);
  const bell = other.getByRole('button', { name: /^Ce que d’autres ont fait/ });
  await eventually(async () => assert.match(await bell.getAttribute('aria-label'), /\d$/));
  await bell.click();
  const dialog = other.getByRole('dialog', { name: 'Ce que d’autres ont fait' });
  const told = (text) => dialog.getByRole('listitem').filter({ hasText: new RegExp(`${text}.*${serial}`) });
  await told('partage.*Chantier').waitFor();
  const due = told('a changé l’échéance.*Vernir');
  await due.waitFor();
  await accessible(other, 'news');
  await due.getByRole('button', { name: 'Vu' }).click();
  await due.waitFor({ state: 'detached' });
  await told('partage.*Chantier').getByRole('button').first().click();
  await eventually(async () => assert.match(other.url(), new RegExp(`/tasks/l/[^/]*~${created.l.id}`)));
  await bell.click();
  await told('a ajouté.*Sabler').getByRole('button').first().click();
  await eventually(async () => assert.equal(await other.getByRole('textbox', { name: 'Nom' }).inputValue(), `Sabler ${serial}`));
  await bell.click();
  await jmap(page, [['TaskList/set', { destroy: [created.l.id], onDestroyRemoveTasks: true }]]);
  await told('a supprimé.*Sabler').waitFor();
  await told('ne partage plus.*Chantier').waitFor();
  await dialog.getByRole('button', { name: 'Tout vu' }).click();
  await dialog.getByText('Rien de nouveau').waitFor();
  await dialog.getByRole('button', { name: 'Fermer' }).last().click();
  await eventually(async () => assert.equal(await bell.getAttribute('aria-label'), 'Ce que d’autres ont fait'));
  const kinds = ['TaskNotification', 'ShareNotification', 'CalendarEventNotification'];
  await eventually(async () => assert.deepEqual((await jmap(other, kinds.map((kind) => [`${kind}/query`, {}]))).flatMap(({ ids }) => ids), []));
  assert.deepEqual([...page.faults, ...other.faults], []);
});
