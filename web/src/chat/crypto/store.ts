/// <reference types="vite/client" />
/** Where the keys of this device are kept, and how they are forgotten. */
import { db } from '../../kernel/db';
import { ask } from '../matrix';
import type { Machine } from './machine';
import { behind, type Port } from './rpc';
import address from './worker?worker&url';

/** What is remembered of the device that this browser is. */
export interface Device {
  id: string;
  me: string;
  /** When it became that, in milliseconds. */
  since?: number;
}

export const DEVICE = 'chat device';

/** The name of its store. */
export function storeOf({ id, me }: Device): string {
  return `parvis-chat-${me}-${id}`;
}

/** The worker that holds the keys of a device: one for all pages of the browser, where it can be shared. */
export function worker(device: Device): Port {
  const options: WorkerOptions = { type: 'module', name: storeOf(device) };
  return typeof SharedWorker === 'undefined' ? new Worker(address, options) : new SharedWorker(address, options).port;
}

/** As somebody signs out: nobody writes to this device any more, and its keys are gone from it. */
export async function forget(): Promise<void> {
  const device = await db.get<Device>('meta', DEVICE);
  if (!device) return;
  await ask('POST', ['client', 'v3', 'logout'], { body: {} }).catch(() => undefined);
  await behind<Machine, never>(worker(device), () => undefined).close();
  for (const part of ['matrix-sdk-crypto', 'matrix-sdk-crypto-meta']) indexedDB.deleteDatabase(`${storeOf(device)}::${part}`);
}
