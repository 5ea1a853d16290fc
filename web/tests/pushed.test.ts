// @vitest-environment node
import { afterEach, expect, it, vi } from 'vitest';
import words from '../messages/en/push.json';
import { choices, confirm, notice } from '../src/kernel/pushed';

type Asked = { path: string; body: { methodCalls: [string, Record<string, unknown>, string][] } | null };

/** A server that answers by path, and what it was asked. */
function server(answers: Record<string, unknown>): Asked[] {
  const asked: Asked[] = [];
  vi.stubGlobal('fetch', (path: string, init: RequestInit) => {
    asked.push({ path, body: init.body ? (JSON.parse(init.body as string) as Asked['body']) : null });
    const found = Object.entries(answers).find(([end]) => path.endsWith(end))?.[1];
    return Promise.resolve(new Response(JSON.stringify(found ?? {}), { status: found ? 200 : 404 }));
  });
  return asked;
}
afterEach(() => vi.unstubAllGlobals());

const SIGN = { '@type': 'ChatMessage', roomId: '!r', eventId: '$e' } as const;
const SAID = { type: 'm.room.message', sender: '@a:b.example', content: { body: 'Xin chào' } };

it('says to the server that its code has arrived', async () => {
  const asked = server({ '/jmap/api': { methodResponses: [['PushSubscription/set', { updated: { p1: null } }, 'c']] } });
  await confirm('p1', 'code');
  expect(asked[0]!.body!.methodCalls).toEqual([['PushSubscription/set', { update: { p1: { verificationCode: 'code' } } }, 'c']]);
});

it('tells who said what in which room, with the words of the server alone', async () => {
  server({ '/event/%24e': SAID, '/m.room.member/%40a%3Ab.example': { displayname: 'Ann' }, '/m.room.name/': { name: 'Quay' } });
  expect(await notice(SIGN, 'en', words)).toEqual({ title: 'Ann in Quay', body: 'Xin chào', tag: 'chat !r', path: '/chat/!r' });
});

it('does not open what is encrypted, and does without names', async () => {
  server({ '/event/%24e': { ...SAID, type: 'm.room.encrypted', content: { ciphertext: 'x' } } });
  expect(await notice(SIGN, 'en', words)).toMatchObject({ title: '@a:b.example', body: 'Encrypted message' });
});

const ALERT = { '@type': 'CalendarAlert', accountId: 'A', calendarEventId: 'E', recurrenceId: '2026-12-08T09:00:00', alertId: '1' } as const;
const given = (name: string, list: object[]) => ({ '/jmap/api': { methodResponses: [[name, { list }, 'c']] } });

it('reminds of one occurrence at its time', async () => {
  const event = { title: 'Quay', start: '2026-12-01T09:00:00', timeZone: 'Etc/UTC', recurrenceOverrides: { '2026-12-08T09:00:00': { start: '2026-12-09T10:30:00' } } };
  const asked = server(given('CalendarEvent/get', [event]));
  const { title, body, tag, path } = await notice(ALERT, 'fr', words);
  const time = new Intl.DateTimeFormat('fr', { weekday: 'long', hour: 'numeric', minute: '2-digit' }).format(Date.UTC(2026, 11, 9, 10, 30));
  expect({ title, body, tag }).toEqual({ title: 'Quay', body: time, tag: 'A/E/2026-12-08T09:00:00#1' });
  expect(new URL(path, 'http://x').searchParams.get('event')).toBe('A/E/2026-12-08T09:00:00');
  expect(asked[0]!.body!.methodCalls[0]![1]).toMatchObject({ accountId: 'A', ids: ['E'] });
});

it('reminds of a whole day, and of a task', async () => {
  server(given('CalendarEvent/get', [{ title: '', start: '2026-12-08T00:00:00', showWithoutTime: true }]));
  expect(await notice({ ...ALERT, recurrenceId: null }, 'fr', words)).toMatchObject({ title: 'Untitled', body: 'mardi 8 décembre' });
  server(given('Task/get', [{ title: 'Sweep', due: '2026-12-08T00:00:00', utcDue: '2026-12-08T00:00:00Z', showWithoutTime: true }]));
  expect(await notice({ '@type': 'TaskAlert', accountId: 'A', taskId: 'T' }, 'fr', words)).toEqual({ title: 'Sweep', body: 'mardi 8 décembre', tag: 'task T', path: '/tasks?open=A%7ET' });
});

it('says nothing of what may not be read any more', async () => {
  server(given('Task/get', []));
  await expect(notice({ '@type': 'TaskAlert', accountId: 'A', taskId: 'T' }, 'en', words)).rejects.toThrow('not found');
});

it('fails where the server does not say it', async () => {
  server({});
  await expect(notice(SIGN, 'en', words)).rejects.toThrow('404');
});

it('knows what the person has chosen, and the usual where nothing was', async () => {
  const session = { primaryAccounts: { 'urn:parvis:preferences': 'A' } };
  const asked = server({ '/jmap/session': session, '/jmap/api': { methodResponses: [['Preferences/get', { list: [{ language: 'vi', quietStart: 60 }] }, 'c']] } });
  expect(await choices()).toEqual({ language: 'vi', quietStart: 60, quietEnd: 0, quietDays: false, agenda: { workdays: [0, 1, 2, 3, 4] } });
  expect(asked[1]!.body!.methodCalls[0]![1]).toEqual({ accountId: 'A', ids: null });
});
