/** Codes that a camera reads (ISO/IEC 18004), made of bytes: drawn as a path, and read out of a picture. */
import { encodeQR } from 'qr';
import { decodeQR } from 'qr/decode.js';

/** White around a code, in modules (§6.3.8). */
const QUIET = 4;

/** A code as the path of an SVG, its dark modules of size 1, within a square of so many. */
export function drawn(bytes: Uint8Array): { side: number; path: string } {
  const rows = encodeQR(String.fromCharCode(...bytes), 'raw', { encoding: 'byte', textEncoder: bytesOf, border: QUIET });
  const path = rows.map((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : '')).join('')).join('');
  return { side: rows.length, path };
}

/** The bytes of a code somewhere in a picture; null when there is none that can be read. */
export function read(picture: ImageData): Uint8Array | null {
  try {
    return bytesOf(decodeQR(picture, { textDecoder: (bytes) => String.fromCharCode(...bytes) }));
  } catch {
    return null;
  }
}

/** Of a text whose every letter stands for one byte. */
function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
