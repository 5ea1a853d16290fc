/** Compresses the built text files ahead of time; the server sends these as they are. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

/** Bytes above which the last per cent would cost a minute. */
const LARGE = 2_000_000;

for (const name of readdirSync('dist', { recursive: true })) {
  if (!/\.(m?js|css|html|svg|wasm|webmanifest)$/.test(name)) continue;
  const content = readFileSync(`dist/${name}`);
  if (content.length < 700) continue;
  writeFileSync(`dist/${name}.gz`, gzipSync(content, { level: 9 }));
  writeFileSync(`dist/${name}.br`, brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: content.length > LARGE ? 9 : 11 } }));
}
