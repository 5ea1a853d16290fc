/** Files of encrypted rooms: AES-CTR with a key of their own, and a hash of what is stored (Matrix v1.19 Client-Server §Sending encrypted attachments). */

/** A file as an event tells of it. */
export interface SealedFile {
  url: string;
  key: JsonWebKey;
  iv: string;
  hashes: { sha256?: string };
  v: string;
}

/** Unpadded base64. */
export function base64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replace(/=+$/, '');
}

export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
}

const COUNTER = { name: 'AES-CTR', length: 64 };

/** The bytes to be stored, and all that opens them but their address. */
export async function sealFile(file: Blob): Promise<{ stored: Blob; file: Omit<SealedFile, 'url'> }> {
  const counter = new Uint8Array(16);
  crypto.getRandomValues(counter.subarray(0, 8)); // the rest counts the blocks, from 0
  const key = await crypto.subtle.generateKey({ name: 'AES-CTR', length: 256 }, true, ['encrypt', 'decrypt']);
  const stored = await crypto.subtle.encrypt({ ...COUNTER, counter }, key, await file.arrayBuffer());
  const sha256 = base64(new Uint8Array(await crypto.subtle.digest('SHA-256', stored)));
  const { k = '', alg = 'A256CTR' } = await crypto.subtle.exportKey('jwk', key);
  return { stored: new Blob([stored]), file: { v: 'v2', key: { kty: 'oct', key_ops: ['encrypt', 'decrypt'], alg, k, ext: true }, iv: base64(counter), hashes: { sha256 } } };
}

/** What was stored, as it was before. Throws when it is not what was sent. */
export async function openFile(stored: ArrayBuffer, { key, iv, hashes }: SealedFile): Promise<ArrayBuffer> {
  const sha256 = base64(new Uint8Array(await crypto.subtle.digest('SHA-256', stored)));
  if (!hashes.sha256 || hashes.sha256.replace(/=+$/, '') !== sha256) throw new Error('this is not the file that was sent');
  const secret = await crypto.subtle.importKey('jwk', { ...key, key_ops: ['decrypt'] }, 'AES-CTR', false, ['decrypt']);
  return crypto.subtle.decrypt({ ...COUNTER, counter: bytesOf(iv) }, secret, stored);
}
