/** Secrets that the server keeps without knowing them, and the key that opens them (Matrix v1.19 Client-Server §Secrets). */
import { base64, bytesOf } from './attachments';

export const ALGORITHM = 'm.secret_storage.v1.aes-hmac-sha2';

/** A secret as it is stored, under one key. */
export interface SealedSecret {
  iv: string;
  ciphertext: string;
  mac: string;
}

/** What is told of a key: enough to try one. */
export interface KeyDescription {
  algorithm: string;
  iv?: string;
  mac?: string;
  passphrase?: { algorithm: string; salt: string; iterations: number; bits?: number };
}

type Bytes = Uint8Array<ArrayBuffer>;

const encoded = (text: string) => new TextEncoder().encode(text);
const plain = (text: string) => text.replace(/=+$/, '');

async function keysFor(key: Bytes, name: string): Promise<{ aes: CryptoKey; hmac: CryptoKey }> {
  const whole = await crypto.subtle.importKey('raw', key, 'HKDF', false, ['deriveBits']);
  const bits = await crypto.subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(32), info: encoded(name) }, whole, 512);
  const aes = await crypto.subtle.importKey('raw', bits.slice(0, 32), 'AES-CTR', false, ['encrypt', 'decrypt']);
  return { aes, hmac: await crypto.subtle.importKey('raw', bits.slice(32), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign', 'verify']) };
}

/** A secret sealed under a key of 32 bytes. */
export async function sealSecret(key: Bytes, name: string, secret: string, iv: Bytes = crypto.getRandomValues(new Uint8Array(16))): Promise<SealedSecret> {
  iv[8]! &= 0x7f; // bit 63 is 0, as other implementations count
  const { aes, hmac } = await keysFor(key, name);
  const ciphertext = await crypto.subtle.encrypt({ name: 'AES-CTR', counter: iv, length: 64 }, aes, encoded(secret));
  const mac = await crypto.subtle.sign('HMAC', hmac, ciphertext);
  return { iv: base64(iv), ciphertext: base64(new Uint8Array(ciphertext)), mac: base64(new Uint8Array(mac)) };
}

/** The secret; null when the key is another. */
export async function openSecret(key: Bytes, name: string, { iv, ciphertext, mac }: SealedSecret): Promise<string | null> {
  const { aes, hmac } = await keysFor(key, name);
  const data = bytesOf(ciphertext);
  if (!(await crypto.subtle.verify('HMAC', hmac, bytesOf(mac), data))) return null;
  return new TextDecoder().decode(await crypto.subtle.decrypt({ name: 'AES-CTR', counter: bytesOf(iv), length: 64 }, aes, data));
}

const NOTHING = '\0'.repeat(32);

/** What is told of a new key. */
export async function describe(key: Bytes): Promise<KeyDescription> {
  const { iv, mac } = await sealSecret(key, '', NOTHING);
  return { algorithm: ALGORITHM, iv, mac };
}

/** Whether a key is the one that is described. */
export async function fits(key: Bytes, { algorithm, iv, mac }: KeyDescription): Promise<boolean> {
  if (algorithm !== ALGORITHM || !iv || !mac) return false;
  return plain((await sealSecret(key, '', NOTHING, bytesOf(iv))).mac) === plain(mac);
}

const LETTERS = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const PREFIX = [0x8b, 0x01];
const LENGTH = 35;

/** A key as people keep it: base58, in groups of four (§Recovery key). */
export function recoveryKey(key: Uint8Array): string {
  const bytes = [...PREFIX, ...key];
  bytes.push(bytes.reduce((sum, byte) => sum ^ byte, 0));
  let text = '';
  for (let number = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n); number; number /= 58n) text = LETTERS[Number(number % 58n)] + text;
  return text.replace(/(.{4})(?=.)/g, '$1 ');
}

/** The key of what somebody typed; null for what is none. */
export function readRecoveryKey(typed: string): Bytes | null {
  const places = [...typed.replace(/\s/g, '')].map((letter) => LETTERS.indexOf(letter));
  if (!places.length || places.length > 64 || places.includes(-1)) return null;
  let number = places.reduce((sum, place) => sum * 58n + BigInt(place), 0n);
  const bytes = new Uint8Array(LENGTH);
  for (let at = LENGTH - 1; at >= 0; at--, number /= 256n) bytes[at] = Number(number % 256n);
  const whole = number === 0n && PREFIX.every((byte, at) => bytes[at] === byte) && bytes.reduce((sum, byte) => sum ^ byte, 0) === 0;
  return whole ? bytes.slice(PREFIX.length, -1) : null;
}

/** The key of a passphrase that another client asked for (§Deriving keys from passphrases). */
export async function ofPassphrase(text: string, { passphrase }: KeyDescription): Promise<Bytes | null> {
  if (passphrase?.algorithm !== 'm.pbkdf2' || passphrase.iterations > 5_000_000) return null;
  const whole = await crypto.subtle.importKey('raw', encoded(text), 'PBKDF2', false, ['deriveBits']);
  const { salt, iterations, bits = 256 } = passphrase;
  return new Uint8Array(await crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-512', salt: encoded(salt), iterations }, whole, bits));
}
