/** Measures what the first load downloads, compressed, and fails above the budget of 250 kB. */
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const BUDGET = 250_000;
const manifest = JSON.parse(readFileSync('dist/.vite/manifest.json', 'utf8'));
const first = new Set(['index.html']);
const files = new Map();

function add(name) {
  const size = gzipSync(readFileSync(`dist/${name}`), { level: 9 }).length;
  files.set(name, /woff2$/.test(name) ? readFileSync(`dist/${name}`).length : size);
}
function walk(key) {
  const chunk = manifest[key];
  if (!chunk || files.has(chunk.file)) return;
  add(chunk.file);
  for (const css of chunk.css ?? []) add(css);
  for (const next of chunk.imports ?? []) walk(next);
}

add('index.html');
for (const key of first) walk(key);
// One language, and the two font files that French or Vietnamese need.
for (const [key, chunk] of Object.entries(manifest)) {
  if (/messages\/vi\/index\.ts$/.test(key)) walk(key);
  if (/inter-(latin|vietnamese)-wght-normal/.test(key)) add(chunk.file);
}
let code = 0;
let fonts = 0;
for (const [name, size] of [...files].sort((a, b) => b[1] - a[1])) {
  console.log(`${(size / 1000).toFixed(1).padStart(8)} kB  ${name}`);
  if (name.endsWith('.woff2')) fonts += size;
  else code += size;
}
console.log(`first load: ${(code / 1000).toFixed(1)} kB code + ${(fonts / 1000).toFixed(1)} kB fonts = ${((code + fonts) / 1000).toFixed(1)} of ${BUDGET / 1000} kB compressed`);
if (code + fonts > BUDGET) process.exit(1);
