/** Codes on a page and before its camera. */
import { writeFileSync } from 'node:fs';
import { encodeQR } from 'qr';
import { decodeQR } from 'qr/decode.js';

const WIDTH = 640;
const HEIGHT = 480;

/** A browser's camera that sees the film in a file, allowed to whoever asks. */
export const camera = (file) => ['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${file}`];

/** Writes a film of a code (YUV4MPEG2): grey, a little aside. */
export function film(file, bytes) {
  const rows = encodeQR('x', 'raw', { encoding: 'byte', textEncoder: () => Uint8Array.from(bytes), border: 4 });
  const scale = Math.floor((HEIGHT - 20) / rows.length);
  const frame = Buffer.alloc(WIDTH * HEIGHT * 1.5, 128);
  rows.forEach((row, y) => row.forEach((dark, x) => {
    for (let line = 0; line < scale; line++) {
      const from = (y * scale + line + 9) * WIDTH + x * scale + 60;
      frame.fill(dark ? 50 : 215, from, from + scale);
    }
  }));
  const head = Buffer.from('FRAME\n');
  writeFileSync(file, Buffer.concat([Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F10:1 Ip A1:1 C420mpeg2\n`), head, frame, head, frame]));
}

/** The bytes of the code that a page shows, as another's camera reads them off its screen. */
export async function shown(page, name) {
  const picture = await page.getByRole('img', { name }).screenshot();
  const { data, ...size } = await page.evaluate(async (url) => {
    const image = Object.assign(new Image(), { src: url });
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height);
    canvas.getContext('2d').drawImage(image, 0, 0);
    const { data } = canvas.getContext('2d').getImageData(0, 0, image.width, image.height);
    return { width: image.width, height: image.height, data: Array.from(data, (byte) => String.fromCharCode(byte)).join('') };
  }, `data:image/png;base64,${picture.toString('base64')}`);
  const text = decodeQR({ ...size, data: Buffer.from(data, 'latin1') }, { textDecoder: (bytes) => String.fromCharCode(...bytes) });
  return Uint8ClampedArray.from(text, (letter) => letter.charCodeAt(0));
}
