/** Being told while no page is open: the real service worker, and a push service that stands for the browser's. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { demo, enter, eventually, jmap, launchWhole, person, shot } from './harness.mjs';

const SERIAL = Date.now() % 100_000;
const ROOM = 'Visite de la délégation';
let browser;
let helene;
let camille;
let devtools;
let registration;
const log = () => camille.getByRole('log', { name: new RegExp(ROOM) });

before(async () => {
  browser = await launchWhole(); // which takes pushes, and notifies
  [camille, helene] = await Promise.all([enter(browser, person('fr')), enter(browser, person('fr', 1), { worker: true })]);
  await helene.context().grantPermissions(['notifications']);
  devtools = await helene.context().newCDPSession(helene);
  const known = new Promise((resolve) => devtools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations: [one] }) => one && resolve(one.registrationId)));
  await devtools.send('ServiceWorker.enable');
  registration = await known;
  await helene.evaluate(() => navigator.serviceWorker.ready);
});
after(() => browser.close());

/** What the push service of the browser brings, while no page is open; then what is told. */
async function brought(said) {
  await helene.goto('about:blank');
  await devtools.send('ServiceWorker.deliverPushMessage', { origin: demo.url, registrationId: registration, data: JSON.stringify(said) });
}
async function told() {
  await helene.goto('/settings/notifications');
  return helene.evaluate(async () => (await (await navigator.serviceWorker.ready).getNotifications()).map(({ title, body, tag }) => ({ title, body, tag })));
}

/** A message of Camille's, and where it is. */
async function said(text) {
  await camille.goto('/chat');
  await camille.getByRole('navigation', { name: 'Conversations' }).getByRole('link', { name: new RegExp(ROOM) }).click();
  await camille.getByRole('textbox', { name: `Écrire dans ${ROOM}` }).fill(text);
  await camille.keyboard.press('Enter');
  const article = log().getByRole('article').filter({ hasText: text });
  await eventually(async () => assert.match(await article.getAttribute('data-event'), /^\$/));
  return { '@type': 'ChatMessage', roomId: decodeURIComponent(new URL(camille.url()).pathname.split('/')[2]), eventId: await article.getAttribute('data-event'), highlight: false };
}

test('a sign without content becomes a notification with what the server says, and leads to the room', async () => {
  const message = await said(`Le car est là ${SERIAL}`);
  assert.ok(!JSON.stringify(message).includes('car'));
  await brought(message);
  await eventually(async () => assert.deepEqual(await told(), [{ title: `Camille Nguyễn-Rivière dans ${ROOM}`, body: `Le car est là ${SERIAL}`, tag: `chat ${message.roomId}` }]));
});

test('a reminder of an event and of a task is told with its title and time', async () => {
  const [{ list }, { list: lists }] = await jmap(helene, [['Calendar/get', { ids: null }], ['TaskList/get', { ids: null }]]);
  const event = { calendarIds: { [list.find(({ isDefault }) => isDefault).id]: true }, title: `Marée ${SERIAL}`, start: '2026-12-08T00:00:00', showWithoutTime: true, duration: 'P1D' };
  const task = { taskListId: lists.find(({ role }) => role === 'inbox').id, title: `Amarres ${SERIAL}`, due: '2026-12-09T00:00:00', showWithoutTime: true, timeZone: 'Etc/UTC' };
  const [{ created: one, accountId }, { created: other }] = await jmap(helene, [['CalendarEvent/set', { create: { a: event } }], ['Task/set', { create: { a: task } }]]);
  await helene.evaluate(async () => { for (const shown of await (await navigator.serviceWorker.ready).getNotifications()) shown.close(); });
  await brought({ '@type': 'CalendarAlert', accountId, calendarEventId: one.a.id, recurrenceId: null, alertId: '1' });
  await eventually(async () => assert.deepEqual(await told(), [{ title: event.title, body: 'mardi 8 décembre', tag: `${accountId}/${one.a.id}/#1` }]));
  await brought({ '@type': 'TaskAlert', accountId, taskId: other.a.id });
  await eventually(async () => assert.deepEqual((await told()).find(({ tag }) => tag.startsWith('task')), { title: task.title, body: 'mercredi 9 décembre', tag: `task ${other.a.id}` }));
});

test('nothing is told in quiet hours', async () => {
  await helene.evaluate(async () => { for (const one of await (await navigator.serviceWorker.ready).getNotifications()) one.close(); });
  const set = (quiet) => jmap(helene, [['Preferences/set', { update: { singleton: quiet } }]]);
  const now = new Date().getHours() * 60 + new Date().getMinutes();
  await set({ quietStart: (now + 1_440 - 60) % 1_440, quietEnd: (now + 60) % 1_440 });
  await brought(await said(`Pas maintenant ${SERIAL}`));
  await helene.waitForTimeout(1_500);
  assert.deepEqual(await told(), []);
  await set({ quietStart: 0, quietEnd: 0 });
});

test('it is switched on in the settings, and where the administration has not allowed the push service that is said', async () => {
  await helene.addInitScript(() => {
    const subscription = { endpoint: 'https://push.example/to/helene', toJSON: () => ({ endpoint: subscription.endpoint, keys: { p256dh: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4', auth: 'BTBZMqHH6r4Tts7J_aSIgg' } }), unsubscribe: async () => (globalThis.undone = true) };
    PushManager.prototype.subscribe = async (options) => ((globalThis.asked = options), subscription);
  });
  await helene.goto('/settings/notifications');
  await helene.getByText('Les notifications s’affichent sur cet appareil').waitFor();
  await shot(helene, 'settings-push');
  const button = helene.getByRole('switch', { name: 'Aussi quand Parvis est fermé' });
  await button.click();
  await helene.getByText('n’a pas autorisé push.example').waitFor();
  assert.equal(await button.getAttribute('aria-checked'), 'false');
  const { asked, undone } = await helene.evaluate(() => ({ asked: globalThis.asked, undone: globalThis.undone }));
  assert.equal(asked.userVisibleOnly, true);
  assert.equal(Buffer.from(asked.applicationServerKey, 'base64url').length, 65);
  assert.equal(undone, true);
  assert.deepEqual(helene.faults, []);
});
