/** Compresses the built text files ahead of time; the server sends these as they are. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

for (const name of readdirSync('dist', { recursive: true })) {
  if (!/\.(m?js|css|html|svg|webmanifest)$/.test(name)) continue;
  const content = readFileSync(`dist/${name}`);
  if (content.length < 700) continue;
  writeFileSync(`dist/${name}.gz`, gzipSync(content, { level: 9 }));
  writeFileSync(`dist/${name}.br`, brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
}
