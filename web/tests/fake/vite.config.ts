/** `npx vite preview --config tests/fake/vite.config.ts` after a build: the client against the fake server, for drawing screens. */
import type { ServerResponse } from 'node:http';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Connect, type Plugin } from 'vite';
import type { Invocation } from '../../src/kernel/jmap';
import { sample } from './sample';

const principal = { id: 'p1', name: 'Claire Le Goff', address: 'claire.legoff@rennes.example', language: 'fr' };

function fakeServer(): Plugin {
  const fake = sample(Number(process.env.PARVIS_FAKE_COUNT ?? 2_000));
  const streams = new Set<ServerResponse>();
  fake.onChange = (type, state) => {
    for (const stream of streams) stream.write(`event: state\ndata: ${JSON.stringify({ '@type': 'StateChange', changed: { A: { [type]: state } } })}\n\n`);
  };
  let inside = false;
  const serve = ({ middlewares }: { middlewares: Connect.Server }) => {
      middlewares.use(async (request, response, next) => {
        const url = request.url ?? '';
        const json = (body: unknown, status = 200) => {
          response.writeHead(status, { 'Content-Type': 'application/json' });
          response.end(JSON.stringify(body));
        };
        let body = '';
        if (url.startsWith('/auth') || url.startsWith('/jmap')) for await (const chunk of request) body += String(chunk);
        if (url === '/auth/session') return inside ? json({ principal }) : json({ code: 'unauthenticated', sentence: '' }, 401);
        if (url === '/auth/sign-in') {
          inside = (JSON.parse(body) as { password: string }).password === 'demo';
          return inside ? json({ principal }) : json({ code: 'unauthenticated', sentence: 'no' }, 401);
        }
        if (url === '/auth/sign-out') {
          inside = false;
          return json({});
        }
        if (url.startsWith('/.well-known/jmap')) return json(fake.session());
        if (url.startsWith('/jmap/api')) {
          const { methodCalls } = JSON.parse(body) as { methodCalls: Invocation[] };
          return json({ methodResponses: fake.handle(methodCalls), sessionState: 'x' });
        }
        if (url.startsWith('/jmap/events')) {
          response.writeHead(200, { 'Content-Type': 'text/event-stream' });
          response.write(': hello\n\n');
          streams.add(response);
          response.on('close', () => streams.delete(response));
          return;
        }
        if (url.startsWith('/jmap/download')) {
          response.writeHead(200, { 'Content-Type': 'image/svg+xml' });
          response.end('<svg xmlns="http://www.w3.org/2000/svg" width="640" height="400"><rect width="640" height="400" fill="#cfe6e3"/><circle cx="320" cy="200" r="120" fill="#00625f"/></svg>');
          return;
        }
        next();
      });
  };
  return { name: 'parvis-fake', configureServer: serve, configurePreviewServer: serve };
}

export default defineConfig({ plugins: [svelte(), fakeServer()], server: { host: '127.0.0.1' }, preview: { host: '127.0.0.1' } });
