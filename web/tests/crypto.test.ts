// @vitest-environment node
import { decodeRecoveryKey, encodeRecoveryKey } from 'matrix-js-sdk/lib/crypto-api/recovery-key';
import decrypted from 'matrix-js-sdk/lib/utils/decryptAESSecretStorageItem';
import encrypted from 'matrix-js-sdk/lib/utils/encryptAESSecretStorageItem';
import { describe as group, expect, test } from 'vitest';
import { openFile, sealFile } from '../src/chat/crypto/attachments';
import { drawn, read } from '../src/chat/crypto/code';
import { sealedIn, withOpened } from '../src/chat/crypto/events';
import { isSealedFile } from '../src/chat/crypto/media';
import { behind, serve, type Port } from '../src/chat/crypto/rpc';
import { describe, fits, ofPassphrase, openSecret, readRecoveryKey, recoveryKey, sealSecret } from '../src/chat/crypto/secrets';
import { flowOf } from '../src/chat/crypto/verifying';
import { MatrixError } from '../src/chat/matrix';
import type { RoomEvent } from '../src/chat/types';

const KEY = Uint8Array.from({ length: 32 }, (_none, at) => at * 7);

group('the recovery key', () => {
  test('is written and read as matrix-js-sdk does', () => {
    expect(recoveryKey(KEY)).toBe(encodeRecoveryKey(KEY));
    expect(readRecoveryKey(encodeRecoveryKey(KEY)!)).toEqual(KEY);
    expect(decodeRecoveryKey(recoveryKey(KEY))).toEqual(KEY);
    expect(readRecoveryKey(recoveryKey(KEY).replaceAll(' ', ''))).toEqual(KEY);
  });
  test('is refused when a letter is another, or it is none', () => {
    const typed = recoveryKey(KEY);
    for (const wrong of ['', 'hello world', typed.slice(0, -1), `${typed}a`, typed.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a')), '1'.repeat(4000)]) expect(readRecoveryKey(wrong), wrong).toBeNull();
  });
});

group('secrets', () => {
  test('are opened by matrix-js-sdk, and its are opened here', async () => {
    expect(await decrypted(await sealSecret(KEY, 'm.some', 'Đà Nẵng'), KEY, 'm.some')).toBe('Đà Nẵng');
    expect(await openSecret(KEY, 'm.some', await encrypted('Đà Nẵng', KEY, 'm.some'))).toBe('Đà Nẵng');
  });
  test('stay closed to another key or name', async () => {
    const sealed = await sealSecret(KEY, 'm.some', 'secret');
    expect(await openSecret(KEY.map((byte) => byte ^ 1), 'm.some', sealed)).toBeNull();
    expect(await openSecret(KEY, 'm.other', sealed)).toBeNull();
  });
  test('a key is known by its description', async () => {
    const told = await describe(KEY);
    expect(await fits(KEY, told)).toBe(true);
    expect(await fits(KEY.map((byte) => byte ^ 1), told)).toBe(false);
    expect(await fits(KEY, { ...told, algorithm: 'other' })).toBe(false);
  });
  test('a passphrase of another client becomes a key of 32 bytes, and one without is refused', async () => {
    const passphrase = { algorithm: 'm.pbkdf2', salt: 'salt', iterations: 1000 };
    expect(await ofPassphrase('words', { algorithm: '', passphrase })).toHaveLength(32);
    expect(await ofPassphrase('words', { algorithm: '' })).toBeNull();
  });
});

group('files', () => {
  test('are opened as they were, and not when a byte is another', async () => {
    const { stored, file } = await sealFile(new Blob(['Le plan']));
    const whole = { ...file, url: 'mxc://a/b' };
    const bytes = await stored.arrayBuffer();
    expect(new TextDecoder().decode(bytes)).not.toContain('plan');
    expect(new TextDecoder().decode(await openFile(bytes, whole))).toBe('Le plan');
    new Uint8Array(bytes)[0]! ^= 1;
    await expect(openFile(bytes, whole)).rejects.toThrow();
    expect(isSealedFile(whole)).toBe(true);
    expect([null, {}, { ...whole, key: {} }, { ...whole, hashes: {} }].some(isSealedFile)).toBe(false);
  });
});

/** A code as a camera would see it: so many pixels a module, a little aside, neither all black nor all white. */
function pictured({ side, path }: ReturnType<typeof drawn>, scale = 5, aside = 17): ImageData {
  const width = side * scale + 2 * aside;
  const data = new Uint8ClampedArray(width * width * 4).fill(210);
  for (const [, x, y] of path.matchAll(/M(\d+) (\d+)h/g)) {
    for (let row = 0; row < scale; row++) {
      const from = ((Number(y) * scale + aside + row) * width + Number(x) * scale + aside) * 4;
      data.fill(40, from, from + scale * 4);
    }
  }
  return { data, width, height: width } as ImageData;
}

group('codes for a camera', () => {
  const bytes = Uint8Array.from({ length: 256 }, (_none, at) => at);
  test('hold every byte, and are read as they were', () => {
    for (const one of [bytes, bytes.slice(0, 1), bytes.slice(120, 250)]) expect(read(pictured(drawn(one)))).toEqual(one);
  });
  test('are not found where there is none', () => {
    expect(read({ data: new Uint8ClampedArray(40_000).fill(255), width: 100, height: 100 } as ImageData)).toBeNull();
  });
  test('name their verification, and others name none', () => {
    const code = (flow: string, word = 'MATRIX\x02') => new TextEncoder().encode(`${word}\x00\x00${String.fromCharCode(flow.length)}${flow}keys`);
    expect(flowOf(code('$some:event'))).toBe('$some:event');
    expect([code('$a', 'MATRIX\x03'), code('$a', 'https:/'), new Uint8Array(), code('$a').slice(0, 9)].map(flowOf)).toEqual(['', '', '', '']);
  });
});

const event = (id: string, content: RoomEvent['content'], unsigned?: RoomEvent['unsigned']): RoomEvent => ({ event_id: id, type: 'm.room.encrypted', sender: '@a:b', origin_server_ts: 1, content: { ciphertext: 'x', ...content }, ...(unsigned ? { unsigned } : {}) });

group('events', () => {
  test('say what they say once opened, about what they are about, with the edit beside them', () => {
    const edit = event('$e', {});
    const first = event('$1', { 'm.relates_to': { rel_type: 'm.thread', event_id: '$0' } }, { 'm.relations': { 'm.replace': edit } });
    const taken = { ...event('$2', {}), content: {} };
    expect(sealedIn([first, taken]).map(({ event_id }) => event_id)).toEqual(['$1', '$e']);
    const [open, same] = withOpened([first, taken], new Map([['$1', { type: 'm.room.message', content: { body: 'a' } }], ['$e', { type: 'm.room.message', content: { body: 'b' }, shield: 'unsigned' }]]));
    expect(open).toMatchObject({ type: 'm.room.message', content: { body: 'a', 'm.relates_to': { event_id: '$0' } }, sealed: {} });
    expect(open!.unsigned!['m.relations']!['m.replace']).toMatchObject({ content: { body: 'b' }, sealed: { shield: 'unsigned' } });
    expect(same).toBe(taken);
  });
  test('that are lost say why, and can be opened later', () => {
    const [lost] = withOpened([event('$1', {})], new Map([['$1', { lost: 'key' }]]));
    expect(lost).toMatchObject({ type: 'm.room.encrypted', sealed: { lost: 'key' } });
    expect(sealedIn([lost!])).toHaveLength(1);
    expect(withOpened([lost!], new Map([['$1', { type: 'm.room.message', content: {} }]]))[0]).toMatchObject({ type: 'm.room.message', sealed: {} });
  });
});

test('calls reach the worker, and what fails there fails here in the same words', async () => {
  const { port1, port2 } = new MessageChannel();
  serve(port1 as Port, async (name, [value]) => {
    if (name === 'wrong') throw new MatrixError('M_FORBIDDEN', 403, 'no');
    return `${name} ${String(value)}`;
  });
  const heard: unknown[] = [];
  const calls = behind<{ say(word: string): string; wrong(): void }, string>(port2 as Port, (news) => heard.push(news));
  expect(await calls.say('a')).toBe('say a');
  await expect(calls.wrong()).rejects.toMatchObject({ code: 'M_FORBIDDEN', status: 403 });
  expect((await Promise.resolve(calls)) === calls).toBe(true);
  port1.postMessage({ news: 'x' });
  await expect.poll(() => heard).toEqual(['x']);
  port1.close();
});
