/** A program of others: matrix-js-sdk with the encryption of matrix-rust-sdk. */
import assert from 'node:assert/strict';
import { createClient } from 'matrix-js-sdk';
import { logger } from 'matrix-js-sdk/lib/logger.js';
import { demo } from './harness.mjs';

logger.setLevel(5, false);
for (const level of ['debug', 'info', 'log', 'warn', 'error']) console[level] = () => {};
/** Those that were made, to be stopped at the end. */
export const devices = [];

/** Waits for what comes with a sync; fails with its name after half a minute. */
export async function come(what, look) {
  const end = Date.now() + 30_000;
  for (;;) {
    const found = await look();
    if (found) return found;
    assert.ok(Date.now() < end, `never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** A device of somebody: signed in, with encryption, synchronised. */
export async function device(who, name) {
  const identifier = { type: 'm.id.user', user: who.address };
  const said = { type: 'm.login.password', identifier, password: who.password, initial_device_display_name: name };
  const got = await createClient({ baseUrl: demo.url }).loginRequest(said);
  const keys = new Map();
  const client = createClient({
    baseUrl: demo.url, accessToken: got.access_token, userId: got.user_id, deviceId: got.device_id,
    cryptoCallbacks: {
      getSecretStorageKey: async (asked) => Object.keys(asked.keys).filter((id) => keys.has(id)).map((id) => [id, keys.get(id)])[0] ?? null,
      cacheSecretStorageKey: (id, _, key) => keys.set(id, key),
    },
  });
  devices.push(client);
  await client.initRustCrypto({ useIndexedDB: false });
  await client.startClient({ lazyLoadMembers: true, threadSupport: true });
  await come('the first sync', () => client.isInitialSyncComplete());
  return client;
}

/** What asks for the password answers it. */
export const proved = (who) => async (ask) => {
  try {
    await ask(null);
  } catch (error) {
    if (!error.data?.flows) throw error;
    await ask({ type: 'm.login.password', identifier: { type: 'm.id.user', user: who.address }, password: who.password, session: error.data.session });
  }
};

/** An event of a room, once it is there and can be read. */
export const heard = (client, room, text) => come(text, () => client.getRoom(room)?.getLiveTimeline().getEvents().find((one) => one.getContent().body === text));
