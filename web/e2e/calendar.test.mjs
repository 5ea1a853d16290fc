import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { accessible, anew, enter, eventually, jmap, launch, person, PHONE, shot } from './harness.mjs';

let browser;
let page;
before(async () => (browser = await launch()));
after(() => browser.close());
beforeEach(async () => {
  page = await anew(browser, person('fr'), page);
  await page.goto('/calendar/week');
  await page.locator('[data-column]').first().waitFor();
});

/** A day of next week, so that nothing is in its way: `2027-01-05`, and the same for an address. */
function day(ahead) {
  const today = new Date();
  const monday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - ((today.getDay() + 6) % 7) + 7 + ahead, 12);
  return monday.toISOString().slice(0, 10);
}
const french = (iso) => new Intl.DateTimeFormat('fr', { day: 'numeric', month: 'long', year: 'numeric' }).format(new Date(`${iso}T12:00:00`));
const block = (of, title) => of.locator('[data-key]', { hasText: title });
let nth = 0;
const title = (text) => `${text} ${Date.now() % 100_000}${nth++}`;

/** Writes a new event in words. */
async function write(of, words) {
  await of.keyboard.press('c');
  await of.getByRole('textbox', { name: 'Quoi, quand et où' }).fill(words);
  await of.keyboard.press('Enter');
  await of.waitForFunction(() => !document.querySelector('dialog:modal'));
}

/** What the server has of events of a title. */
async function kept(of, name) {
  const [{ list }] = await jmap(of, [['CalendarEvent/query', { filter: { title: name } }]]).then(([{ ids }]) => jmap(of, [['CalendarEvent/get', { ids }]]));
  return list.filter((one) => one.title?.startsWith(name));
}

/** Until an event has its own id, also here: what is drawn is drawn anew then. */
async function settled(page, name) {
  await eventually(async () => {
    const [event] = await kept(page, name);
    assert.ok((await block(page, name).getAttribute('data-key')).includes(`/${event.id}/`));
  });
}

test('an event in words is there at once, on the server, and in another window', async () => {
  const name = title('Déjeuner avec Linh');
  const other = await page.context().newPage();
  await other.goto(`/calendar/week/${day(1)}`);
  await other.locator('[data-column]').first().waitFor();
  await page.bringToFront();
  await write(page, `${name} le ${french(day(1))} 12h30 au Café`);
  await block(page, name).waitFor();
  await eventually(async () => {
    const [event] = await kept(page, name);
    assert.equal(event.start, `${day(1)}T12:30:00`);
    assert.equal(Object.values(event.locations)[0].name, 'Café');
  });
  await block(other, name).waitFor();
  await page.keyboard.press('z');
  await block(page, name).waitFor({ state: 'detached' });
  await eventually(async () => assert.deepEqual(await kept(page, name), []));
  assert.deepEqual(page.faults, []);
});

test('a line of words that was closed and not kept is had back', async () => {
  const words = `${title('Relevé')} demain 12h30`;
  const line = page.getByRole('textbox', { name: 'Quoi, quand et où' });
  await page.keyboard.press('c');
  await line.fill(words);
  await page.keyboard.press('Escape');
  await page.getByText('Vos changements ne sont pas enregistrés').waitFor();
  await page.keyboard.press('z');
  await eventually(async () => assert.equal(await line.inputValue(), words));
  await line.fill('');
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => !document.querySelector('dialog:modal'));
});

test('an event is dragged to another day and hour, pulled longer, and put back with Z', async () => {
  const name = title('Visite');
  await write(page, `${name} le ${french(day(0))} 10h-11h`);
  await settled(page, name);
  const box = await block(page, name).boundingBox();
  const column = await page.locator(`[data-column="${Date.parse(`${day(2)}T00:00:00Z`)}"]`).boundingBox();
  const hour = box.height;
  await page.mouse.move(box.x + 30, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(column.x + 30, box.y + 20 + hour, { steps: 8 });
  await page.mouse.up();
  await eventually(async () => assert.equal((await kept(page, name))[0].start, `${day(2)}T11:00:00`));
  const moved = await block(page, name).boundingBox();
  await page.mouse.move(moved.x + 30, moved.y + moved.height - 2);
  await page.mouse.down();
  await page.mouse.move(moved.x + 30, moved.y + moved.height - 2 + hour / 2, { steps: 6 });
  await page.mouse.up();
  await eventually(async () => assert.equal((await kept(page, name))[0].duration, 'PT1H30M'));
  await page.keyboard.press('z');
  await eventually(async () => assert.equal((await kept(page, name))[0].duration, 'PT1H'));
  assert.deepEqual(page.faults, []);
});

test('with the keyboard alone an event is taken up, moved, made longer, opened, renamed and deleted', async () => {
  const name = title('Clavier');
  await write(page, `${name} le ${french(day(1))} 15h`);
  await settled(page, name);
  await block(page, name).focus();
  await page.keyboard.press('Space');
  for (const key of ['ArrowRight', 'ArrowDown', 'ArrowDown', 'Shift+ArrowDown']) await page.keyboard.press(key);
  await page.getByText(/15:30 – 16:45/).first().waitFor();
  await page.keyboard.press('Enter');
  await eventually(async () => {
    const [event] = await kept(page, name);
    assert.deepEqual([event.start, event.duration], [`${day(2)}T15:30:00`, 'PT1H15M']);
  });
  await block(page, name).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name }).waitFor();
  await page.keyboard.press('e');
  await page.getByRole('textbox', { name: 'Titre' }).fill(`${name} bis`);
  await page.keyboard.press('Escape');
  await page.getByText('Vos changements ne sont pas enregistrés').waitFor();
  await page.keyboard.press('z');
  await eventually(async () => assert.equal(await page.getByRole('textbox', { name: 'Titre' }).inputValue(), `${name} bis`));
  await page.keyboard.press('Enter');
  await block(page, `${name} bis`).waitFor();
  await block(page, `${name} bis`).focus();
  await page.keyboard.press('Delete');
  await block(page, name).waitFor({ state: 'detached' });
  await page.keyboard.press('z');
  await block(page, `${name} bis`).waitFor();
});

test('of a series one time is deleted, or that and all that follow', async () => {
  const name = title('Série');
  await write(page, `${name} tous les jours 8h30`);
  await page.goto(`/calendar/week/${day(0)}`);
  await block(page, name).first().waitFor();
  const all = () => block(page, name).count();
  await eventually(async () => assert.equal(await all(), 7));
  const remove = async (n, scope) => {
    await block(page, name).nth(n).click();
    await page.getByRole('dialog', { name }).getByRole('button', { name: 'Supprimer l’événement' }).click();
    await page.locator('dialog[open] input[type="radio"]:focus').waitFor();
    await page.getByRole('radio', { name: scope }).check();
    await page.getByRole('button', { name: 'Supprimer', exact: true }).click();
  };
  await remove(1, 'Seulement celui-ci');
  await eventually(async () => assert.equal(await all(), 6));
  await remove(3, 'Celui-ci et tous les suivants');
  await eventually(async () => assert.equal(await all(), 3));
  await eventually(async () => {
    const [event] = await kept(page, name);
    assert.ok(event.recurrenceRule.until < `${day(4)}T08:30:00`);
    assert.deepEqual(Object.keys(event.recurrenceOverrides), [`${day(1)}T08:30:00`]);
  });
});

test('somebody is invited, answers, and the answer is seen', async () => {
  const name = title('Jumelage');
  const [host, guest] = [person('fr'), person('vi')];
  await page.keyboard.press('c');
  await page.getByRole('textbox', { name: 'Quoi, quand et où' }).fill(`${name} le ${french(day(3))} 14h`);
  await page.getByRole('button', { name: 'Plus d’options' }).click();
  const guests = page.getByRole('combobox', { name: 'Ajouter des invités' });
  // Half a name invites nobody, and is not lost without a word.
  await guests.fill(guest.name.split(' ')[0]);
  await page.locator('.found [role="option"]').first().waitFor();
  await page.getByRole('button', { name: 'Enregistrer', exact: true }).click();
  await page.getByRole('dialog').getByRole('alert').getByText('n’est pas une adresse').waitFor();
  await guests.fill(guest.address);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Enregistrer et inviter' }).click();
  await page.goto(`/calendar/week/${day(3)}`);
  await block(page, name).waitFor();
  const theirs = await enter(browser, guest);
  await theirs.getByRole('button', { name: /^Người khác đã làm gì/ }).click();
  await theirs.getByRole('dialog', { name: 'Người khác đã làm gì' }).getByRole('button', { name: new RegExp(`đã mời bạn dự.*${name}`) }).click();
  await theirs.getByRole('button', { name: 'Thêm lời nhắn' }).click();
  await theirs.getByRole('textbox', { name: 'Thêm lời nhắn' }).fill('Tôi đến muộn');
  await theirs.getByRole('button', { name: 'Có', exact: true }).click();
  await eventually(async () => {
    const [event] = await kept(page, name);
    const found = Object.values(event.participants).find((one) => JSON.stringify(one).includes(guest.address));
    assert.equal(found.participationStatus, 'accepted');
  });
  await block(page, name).click();
  await page.getByText('2 oui').waitFor();
  await page.getByRole('button', { name: /^Ce que d’autres ont fait/ }).click();
  await page.getByRole('listitem').filter({ hasText: new RegExp(`a répondu pour.*${name}.*Tôi đến muộn`) }).waitFor();
  await shot(page, 'calendar-news');
  await page.getByRole('dialog').getByRole('button', { name: 'Fermer' }).last().click();
  assert.ok(host.address !== guest.address);
  assert.deepEqual([...page.faults, ...theirs.faults], []);
  await theirs.context().close();
});

test('a room that is asked for is the place, and answers by itself', async () => {
  const name = title('Répétition');
  await page.keyboard.press('c');
  await page.getByRole('textbox', { name: 'Quoi, quand et où' }).fill(`${name} le ${french(day(3))} 7h`);
  await page.getByRole('button', { name: 'Plus d’options' }).click();
  const editor = page.getByRole('dialog', { name: 'Nouvel événement' });
  await editor.getByRole('combobox', { name: 'Ajouter des invités' }).fill('Salle 204');
  await editor.getByRole('option', { name: 'Salle 204' }).click();
  assert.equal(await editor.getByRole('textbox', { name: 'Lieu ou salle' }).inputValue(), 'Salle 204');
  await accessible(page, 'calendar-room');
  await editor.getByRole('button', { name: 'Enregistrer et inviter' }).click();
  await eventually(async () => {
    const [event] = await kept(page, name);
    const room = Object.values(event.participants).find((one) => one.calendarAddress?.startsWith('mailto:salle-204@'));
    assert.deepEqual([room.kind, room.participationStatus], ['resource', 'accepted']);
  });
  assert.deepEqual(page.faults, []);
});

test('a guest proposes another time beside who is free, and the organizer moves the event there', async () => {
  const name = title('Jury');
  const guest = person('fr', 1);
  await page.keyboard.press('c');
  await page.getByRole('textbox', { name: 'Quoi, quand et où' }).fill(`${name} le ${french(day(2))} 14h`);
  await page.getByRole('button', { name: 'Plus d’options' }).click();
  await page.getByRole('combobox', { name: 'Ajouter des invités' }).fill(guest.address);
  await page.keyboard.press('Enter');
  await shot(page, 'calendar-find');
  await page.getByRole('button', { name: 'Enregistrer et inviter' }).click();
  await page.goto(`/calendar/week/${day(2)}`);
  await block(page, name).waitFor();
  const theirs = await enter(browser, guest);
  await theirs.goto(`/calendar/week/${day(2)}`);
  await block(theirs, name).click();
  await shot(theirs, 'calendar-invited');
  await theirs.getByRole('button', { name: 'Proposer une autre heure' }).click();
  const dialog = theirs.getByRole('dialog', { name: 'Proposer une autre heure' });
  await dialog.getByRole('combobox', { name: 'Début', exact: true }).fill('16h');
  await dialog.getByRole('textbox', { name: 'Ajouter un mot' }).fill('Le train arrive à 15 h.');
  await shot(theirs, 'calendar-propose');
  await dialog.getByRole('button', { name: 'Proposer', exact: true }).click();
  await block(page, name).click();
  const proposal = page.getByRole('group', { name: /propose une autre heure/ });
  await proposal.getByText('Le train arrive à 15 h.').waitFor();
  await shot(page, 'calendar-proposal');
  await proposal.getByRole('button', { name: 'Déplacer à cette heure' }).click();
  await eventually(async () => assert.equal((await kept(page, name))[0].start, `${day(2)}T16:00:00`));
  await eventually(async () => assert.equal((await kept(theirs, name))[0].start, `${day(2)}T16:00:00`));
  await proposal.waitFor({ state: 'detached' });
  assert.deepEqual([...page.faults, ...theirs.faults], []);
  await theirs.context().close();
});

test('who answers uninvited becomes a guest when the organizer says so', async () => {
  const name = title('Séminaire');
  const [host, stranger] = [person('fr'), person('en')];
  const here = (one) => ({ calendarAddress: `mailto:${one.address}`, name: one.name, participationStatus: 'accepted' });
  const made = {
    title: name, start: `${day(4)}T09:00:00`, timeZone: 'Europe/Paris', duration: 'PT1H', organizerCalendarAddress: `mailto:${host.address}`,
    uid: `${name.replaceAll(' ', '-')}@tests.example`, participants: { host: { ...here(host), roles: { owner: true, attendee: true } } },
  };
  const put = async (of, event) => {
    const [{ list }] = await jmap(of, [['Calendar/get', { ids: null }]]);
    const calendarIds = { [list.find((one) => one.isDefault).id]: true };
    const [{ notCreated }] = await jmap(of, [['CalendarEvent/set', { create: { e: { ...event, calendarIds } }, sendSchedulingMessages: true }]]);
    assert.ok(!notCreated || !Object.keys(notCreated).length, JSON.stringify(notCreated));
  };
  await put(page, made);
  const theirs = await enter(browser, stranger);
  await put(theirs, { ...made, participants: { ...made.participants, me: { ...here(stranger), roles: { attendee: true } } } });
  await page.goto(`/calendar/week/${day(4)}`);
  await block(page, name).click();
  const asked = page.getByRole('group', { name: new RegExp(`${stranger.name} a répondu .*oui.* sans invitation`) });
  await asked.getByText(stranger.address).waitFor();
  await accessible(page, 'calendar-uninvited');
  const guests = async () => Object.values((await kept(page, name))[0].participants).map((one) => one.calendarAddress);
  assert.deepEqual(await guests(), [`mailto:${host.address}`]);
  await asked.getByRole('button', { name: 'Ajouter aux invités' }).click();
  await asked.waitFor({ state: 'detached' });
  await eventually(async () => assert.deepEqual((await guests()).toSorted(), [host, stranger].map((one) => `mailto:${one.address}`).toSorted()));
  assert.deepEqual([...page.faults, ...theirs.faults], []);
  await theirs.context().close();
});

test('a calendar is made, coloured, hidden and deleted, with what it has called off; letters lead from view to view', async () => {
  const name = title('Équipe');
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.getByRole('button', { name: 'Ajouter un agenda' }).click();
  await page.getByRole('menuitem', { name: 'Nouvel agenda' }).click();
  await page.getByRole('textbox', { name: 'Nom' }).fill(name);
  await page.getByRole('button', { name: 'Créer' }).click();
  const check = page.getByRole('checkbox', { name });
  await check.waitFor();
  await eventually(async () => assert.equal(await check.getAttribute('aria-checked'), 'true'));
  await check.click();
  const calendar = await eventually(async () => {
    const found = (await jmap(page, [['Calendar/get', { ids: null }]]))[0].list.find((one) => one.name === name && !one.isVisible);
    assert.ok(found);
    return found.id;
  });
  const [host, guest] = [person('fr'), person('fr', 1)];
  const participants = Object.fromEntries([host, guest].map((one, nth) => [nth, { calendarAddress: `mailto:${one.address}`, roles: { attendee: true, ...(nth ? {} : { owner: true }) } }]));
  const meeting = { calendarIds: { [calendar]: true }, title: name, start: `${day(5)}T21:00:00`, duration: 'PT1H', timeZone: 'Europe/Paris', participants };
  await jmap(page, [['CalendarEvent/set', { create: { e: meeting }, sendSchedulingMessages: true }]]);
  const theirs = await enter(browser, guest);
  await eventually(async () => assert.equal((await kept(theirs, name)).length, 1));
  await page.getByRole('button', { name: `Réglages de ${name}` }).click();
  await page.getByRole('menuitem', { name: 'Supprimer l’agenda' }).click();
  await page.getByText('Les invités sont prévenus').waitFor();
  await accessible(page, 'calendar-delete');
  await page.getByRole('button', { name: 'Supprimer', exact: true }).click();
  await check.waitFor({ state: 'detached' });
  for (const [key, path] of [['m', 'month'], ['d', 'day'], ['a', 'agenda'], ['w', 'week']]) {
    await page.keyboard.press(key);
    await page.waitForURL(`**/calendar/${path}/**`);
  }
  const here = page.url();
  await page.keyboard.press(']');
  await page.waitForFunction((url) => location.href !== url, here);
  await page.keyboard.press('t');
  await page.locator('.col.today').waitFor();
  await eventually(async () => assert.equal((await kept(theirs, name))[0].status, 'cancelled'));
  assert.deepEqual([...page.faults, ...theirs.faults], []);
  await theirs.context().close();
});

test('a day and a time are typed as people write them, or chosen by keys; what is neither is marked', async () => {
  const name = title('Relevé');
  await page.keyboard.press('c');
  await page.getByRole('textbox', { name: 'Quoi, quand et où' }).fill(`${name} le ${french(day(0))} 10h`);
  await page.getByRole('button', { name: 'Plus d’options' }).click();
  const editor = page.getByRole('dialog', { name: 'Nouvel événement' });
  const [from, to] = [editor.getByRole('combobox', { name: 'Début', exact: true }), editor.getByRole('combobox', { name: 'Fin', exact: true })];
  const first = editor.getByRole('combobox', { name: 'Jour', exact: true });
  await first.fill(french(day(1)));
  await from.click();
  await accessible(page, 'time-field');
  await from.press('ArrowDown');
  await from.press('Enter');
  await eventually(async () => assert.deepEqual([await from.inputValue(), await to.inputValue()], ['10:30', '11:30']));
  await first.click();
  const month = page.getByRole('dialog', { name: 'Jour', exact: true });
  await month.waitFor();
  await accessible(page, 'date-field');
  await first.press('ArrowDown');
  await eventually(() => page.evaluate(() => document.activeElement.closest('table') || Promise.reject(new Error('the focus is not in the month'))).then(() => true));
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await month.waitFor({ state: 'hidden' });
  await to.fill('plus tard');
  await to.press('Tab');
  assert.equal(await to.getAttribute('aria-invalid'), 'true');
  await page.getByRole('alert').filter({ hasText: 'par exemple 14:30' }).waitFor({ state: 'attached' });
  await to.fill('12h15');
  await editor.getByRole('button', { name: 'Enregistrer' }).click();
  await eventually(async () => {
    const [event] = await kept(page, name);
    assert.deepEqual([event.start, event.duration], [`${day(2)}T10:30:00`, 'PT1H45M']);
  });
  assert.deepEqual(page.faults, []);
});

test('on a phone a finger that rests on an event moves it, one that moves at once does not', async () => {
  const name = title('Marché');
  await write(page, `${name} le ${french(day(4))} 10h-12h`);
  await eventually(async () => assert.equal((await kept(page, name)).length, 1));
  const phone = await enter(browser, person('fr'), PHONE);
  await phone.goto(`/calendar/day/${day(4)}`);
  const shown = block(phone, name);
  await shown.waitFor();
  await shown.scrollIntoViewIfNeeded();
  const hour = (await phone.locator('[data-column]').first().boundingBox()).height / 24;
  const cdp = await phone.context().newCDPSession(phone);
  const drag = async (rests) => {
    const box = await shown.boundingBox();
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await cdp.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [{ x, y }] });
    if (rests) await phone.locator('.ghost').waitFor();
    for (let part = 1; part <= 8; part += 1) await cdp.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: [{ x, y: y + (hour * part) / 8 }] });
    await cdp.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  };
  await drag(false);
  await phone.waitForTimeout(500);
  assert.equal((await kept(page, name))[0].start, `${day(4)}T10:00:00`);
  await drag(true);
  await eventually(async () => assert.equal((await kept(page, name))[0].start, `${day(4)}T11:00:00`));
  await jmap(page, [['CalendarEvent/set', { destroy: (await kept(page, name)).map((one) => one.id) }]]);
  assert.deepEqual(phone.faults, []);
  await phone.context().close();
});

test('where the lists beside are folded, what one comes for is in the head', async () => {
  await page.setViewportSize({ width: 1280, height: 800 });
  for (const [path, name, shown] of [['/mail/inbox', 'Nouveau message', '.prose'], ['/calendar/week', 'Nouvel événement', 'dialog[open] input'], ['/contacts', 'Nouveau contact', 'input'], ['/files', 'Nouveau', '[role="menuitem"]']]) {
    await page.goto(path);
    await page.getByRole('main').getByRole('button', { name, exact: true }).click();
    await page.locator(shown).first().waitFor();
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  assert.deepEqual(page.faults, []);
});

test('a reminder has a row of its own above the screen, is put off, and closed for good', async () => {
  const own = await enter(browser, person('en', 1), { reminders: true });
  const ring = async (name) => {
    const [{ list }] = await jmap(own, [['Calendar/get', { ids: null }]]);
    const event = { title: name, start: new Date(Date.now() + 302_000).toISOString().slice(0, 19), timeZone: 'Etc/UTC', duration: 'PT1H', alerts: { 1: { trigger: { '@type': 'OffsetTrigger', offset: '-PT5M' } } } };
    const [{ created }] = await jmap(own, [['CalendarEvent/set', { create: { a: { ...event, calendarIds: { [list.find(({ isDefault }) => isDefault).id]: true } } } }]]);
    const article = own.getByRole('region', { name: 'Reminders' }).getByRole('article', { name });
    await article.waitFor();
    return { article, id: created.a.id };
  };
  const [first, second] = [await ring(title('Tide')), await ring(title('Mooring'))];
  const [above, below] = [await second.article.boundingBox(), await own.locator('.screens').boundingBox()];
  assert.ok(above.height > 30 && above.y + above.height <= below.y + 1, 'it covers nothing');
  await accessible(own, 'reminder');
  await second.article.getByRole('button', { name: 'Remind me later' }).click();
  await own.getByRole('menuitem').first().click();
  await first.article.waitFor(); // it waited behind the other
  await first.article.getByRole('button', { name: 'Close the reminder' }).click();
  await first.article.waitFor({ state: 'detached' });
  await own.reload();
  await own.waitForSelector('[role="option"]');
  await own.waitForTimeout(500);
  assert.equal(await first.article.count() + (await second.article.count()), 0);
  await jmap(own, [['CalendarEvent/set', { destroy: [first.id, second.id] }]]);
  assert.deepEqual(own.faults, []);
  await own.context().close();
});

test('a printed month has all events of a full day, and a narrow one its numbers', async () => {
  const name = title('Relevé');
  const [{ list }] = await jmap(page, [['Calendar/get', { ids: null }]]);
  const calendarIds = { [list.find(({ isDefault }) => isDefault).id]: true };
  const events = Array.from({ length: 9 }, (_none, n) => [`e${n}`, { calendarIds, title: `${name} n${n}`, start: '2026-11-03T09:00:00', timeZone: 'Etc/UTC', duration: 'PT1H' }]);
  const [{ created }] = await jmap(page, [['CalendarEvent/set', { create: Object.fromEntries(events) }]]);
  await page.goto('/calendar/month/2026-11-03');
  const rest = page.locator('.rest').first();
  await rest.waitFor();
  await page.emulateMedia({ media: 'print' });
  await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
  for (const [, event] of events) await page.getByRole('button', { name: event.title }).waitFor();
  assert.equal(await page.locator('.rest').count(), 0);
  const [last, week] = [await block(page, `${name} n8`).boundingBox(), await page.locator('.week').nth(1).boundingBox()];
  assert.ok(last.y + last.height <= week.y + week.height, 'each week is as high as it needs');
  await shot(page, 'calendar-printed');
  await page.evaluate(() => window.dispatchEvent(new Event('afterprint')));
  await page.emulateMedia({ media: null });
  await rest.waitFor();
  await page.setViewportSize({ width: 320, height: 700 });
  await eventually(async () => assert.equal(await page.evaluate(() => [...document.querySelectorAll('a.day')].filter((one) => one.offsetLeft + one.offsetWidth > one.parentElement.clientWidth + 1).length), 0));
  await eventually(async () => assert.match(await rest.textContent(), /^\+\d+$/));
  await shot(page, 'calendar-month-320');
  await page.setViewportSize({ width: 1440, height: 900 });
  await jmap(page, [['CalendarEvent/set', { destroy: Object.values(created).map(({ id }) => id) }]]);
  assert.deepEqual(page.faults, []);
});
