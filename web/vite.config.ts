/// <reference types="vitest/config" />
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { createHash } from 'node:crypto';
import { defineConfig, type Plugin } from 'vite';

/** Writes the list of built files into the service worker, so that it can keep them for offline use. */
function precache(): Plugin {
  return {
    name: 'parvis-precache',
    apply: 'build',
    // Last, since chunks that have only held style sheets are taken out by then.
    generateBundle: { order: 'post', handler(_options, bundle) {
      const files = Object.keys(bundle).filter((name) => name.startsWith('assets/') && !name.endsWith('.map'));
      const kept = files.filter((name) => !/italic|cyrillic|greek|pdf|^assets\/Codes-|^assets\/worker-|\.wasm$/i.test(name)).map((name) => `/${name}`).sort();
      const version = createHash('sha256').update(kept.join()).digest('hex').slice(0, 12);
      const worker = bundle['service-worker.js'];
      if (worker?.type !== 'chunk' || worker.imports.length) throw new Error('the service worker was not built as one file');
      worker.code = worker.code
        .replace(/['"`]__VERSION__['"`]/, JSON.stringify(version))
        .replace(/['"`]__FILES__['"`]/, JSON.stringify(JSON.stringify(kept)));
    } },
  };
}

/** Names in the page what it needs before the style sheet tells: the font of the first words. */
function preload(): Plugin {
  return {
    name: 'parvis-preload',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler: (_html, { bundle }) =>
        Object.keys(bundle ?? {})
          .filter((name) => /inter-latin-wght-normal/.test(name))
          .map((name) => ({ tag: 'link', attrs: { rel: 'preload', as: 'font', type: 'font/woff2', href: `/${name}`, crossorigin: true }, injectTo: 'head' as const })),
    },
  };
}

/** What is needed first goes in one file: in many small ones each costs the browser more than its bytes. */
const first = { name: 'first', tags: ['$initial' as const], test: (id: string) => !id.endsWith('service-worker.ts') };

/** Development only: where the Python server answers, for example http://127.0.0.1:8080. */
const server = process.env.PARVIS_SERVER;

export default defineConfig(({ mode }) => ({
  plugins: [svelte(), precache(), preload()],
  resolve: mode === 'test' ? { conditions: ['browser'] } : {},
  build: {
    target: 'es2023',
    outDir: 'dist',
    manifest: true,
    rollupOptions: {
      input: { index: 'index.html', worker: 'src/service-worker.ts' },
      output: {
        codeSplitting: { groups: [first] },
        entryFileNames: (chunk: { name: string }) => (chunk.name === 'worker' ? 'service-worker.js' : 'assets/[name]-[hash].js'),
      },
    },
  },
  worker: { format: 'es' },
  optimizeDeps: { exclude: ['@matrix-org/matrix-sdk-crypto-wasm'] }, // it looks for its WebAssembly beside itself
  server: server
    ? { proxy: Object.fromEntries(['/auth', '/jmap', '/.well-known', '/api', '/assistant', '/_matrix'].map((path) => [path, { target: server, ws: true }])) }
    : {},
  test: { environment: 'jsdom', include: ['tests/**/*.test.ts', 'src/**/*.test.ts'] },
}));
