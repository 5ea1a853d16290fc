/// <reference types="vitest/config" />
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { createHash } from 'node:crypto';
import { build, defineConfig, type Plugin, type Rolldown } from 'vite';

const TARGET = 'es2023';

/** Builds the service worker as one file of its own, with the list of built files that it keeps for offline use. */
function worker(): Plugin {
  return {
    name: 'parvis-worker',
    apply: 'build',
    // Last, since chunks that have only held style sheets are taken out by then.
    generateBundle: { order: 'post', async handler(_options, bundle) {
      const files = Object.keys(bundle).filter((name) => name.startsWith('assets/') && !name.endsWith('.map'));
      const kept = files.filter((name) => !/italic|cyrillic|greek|pdf|^assets\/Codes-|^assets\/worker-|\.wasm$/i.test(name)).map((name) => `/${name}`).sort();
      const version = createHash('sha256').update(kept.join()).digest('hex').slice(0, 12);
      const built = await build({
        configFile: false,
        logLevel: 'error',
        define: { __VERSION__: JSON.stringify(version), __FILES__: JSON.stringify(kept) },
        build: { write: false, copyPublicDir: false, target: TARGET, rollupOptions: { input: 'src/service-worker.ts', output: { format: 'iife' } } },
      });
      const [file] = (built as Rolldown.RolldownOutput).output;
      this.emitFile({ type: 'asset', fileName: 'service-worker.js', source: file.code });
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
const first = { name: 'first', tags: ['$initial' as const] };

/** Development only: where the Python server answers, for example http://127.0.0.1:8080. */
const server = process.env.PARVIS_SERVER;

export default defineConfig(({ mode }) => ({
  plugins: [svelte(), worker(), preload()],
  resolve: mode === 'test' ? { conditions: ['browser'] } : {},
  build: {
    target: TARGET,
    outDir: 'dist',
    manifest: true,
    rollupOptions: {
      input: { index: 'index.html' },
      output: {
        codeSplitting: { groups: [first] },
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
