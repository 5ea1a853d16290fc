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

const SAID = { type: 'm.room.message', sender: '@a:b.example', content: { body: 'Xin chào' } };

it('says to the server that its code has arrived', async () => {
  const asked = server({ '/jmap/api': { methodResponses: [['PushSubscription/set', { updated: { p1: null } }, 'c']] } });
  await confirm('p1', 'code');
  expect(asked[0]!.body!.methodCalls).toEqual([['PushSubscription/set', { update: { p1: { verificationCode: 'code' } } }, 'c']]);
});

it('tells who said what in which room, with the words of the server alone', async () => {
  server({ '/event/%24e': SAID, '/m.room.member/%40a%3Ab.example': { displayname: 'Ann' }, '/m.room.name/': { name: 'Quay' } });
  expect(await notice('!r', '$e', words)).toEqual({ title: 'Ann in Quay', body: 'Xin chào' });
});

it('does not open what is encrypted, and does without names', async () => {
  server({ '/event/%24e': { ...SAID, type: 'm.room.encrypted', content: { ciphertext: 'x' } } });
  expect(await notice('!r', '$e', words)).toEqual({ title: '@a:b.example', body: 'Encrypted message' });
});

it('fails where the server does not say it', async () => {
  server({});
  await expect(notice('!r', '$e', words)).rejects.toThrow('404');
});

it('knows what the person has chosen, and the usual where nothing was', async () => {
  const session = { primaryAccounts: { 'urn:parvis:preferences': 'A' } };
  const asked = server({ '/jmap/session': session, '/jmap/api': { methodResponses: [['Preferences/get', { list: [{ language: 'vi', quietStart: 60 }] }, 'c']] } });
  expect(await choices()).toEqual({ language: 'vi', quietStart: 60, quietEnd: 0, quietDays: false, agenda: { workdays: [0, 1, 2, 3, 4] } });
  expect(asked[1]!.body!.methodCalls[0]![1]).toEqual({ accountId: 'A', ids: null });
});
