/// <reference lib="webworker" />
/**
 * Keeps the built files of the app; they are named by their content, so they never change. Everything the
 * server says (mail, sign-in) goes to the network: what is kept of that is the store's business (IndexedDB).
 */
import en from '../messages/en/push.json';
import fr from '../messages/fr/push.json';
import vi from '../messages/vi/push.json';
import { choices, confirm, notice, TOLD, type Pushed, type Told } from './kernel/pushed';
import { isQuiet } from './kernel/quiet';

/** Both are filled in by vite.config.ts. */
declare const __VERSION__: string;
declare const __FILES__: string[];

const worker = self as unknown as ServiceWorkerGlobalScope;
const CACHE = `parvis-${__VERSION__}`;
const WORDS = { en, fr, vi };
const SERVER = /^\/(jmap|auth|api|book|published|s|attachments|files\/archive|lists\/leave|oauth|login|dav|[a-z]+\.php|\.well-known|mcp|v1|_matrix)(\/|$)/;

worker.addEventListener('install', (event) => {
  event.waitUntil(
    caches.open(CACHE).then(async (cache) => {
      await cache.addAll([...__FILES__, '/', '/manifest.webmanifest', '/icon.svg']);
      await worker.skipWaiting();
    }),
  );
});

worker.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (name !== CACHE) await caches.delete(name);
      await worker.clients.claim();
    })(),
  );
});

worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== worker.location.origin || SERVER.test(url.pathname)) return;
  if (request.mode === 'navigate') event.respondWith(page(request));
  else if (url.pathname.startsWith('/assets/')) event.respondWith(fromCache(request));
});

/** A push brings no content: what it is about is asked of the server, and told where no page does that. */
worker.addEventListener('push', (event) => {
  const pushed = event.data?.json() as Pushed | undefined;
  if (pushed?.['@type'] === 'PushVerification') event.waitUntil(confirm(pushed.pushSubscriptionId, pushed.verificationCode));
  else if (pushed && TOLD.includes(pushed['@type'])) event.waitUntil(tell(pushed));
});

async function tell(pushed: Told): Promise<void> {
  const pages = await worker.clients.matchAll({ type: 'window', includeUncontrolled: true });
  if (pages.some(({ focused }) => focused)) return;
  const chosen = await choices();
  if (isQuiet(new Date(), chosen)) return;
  const { title, body, tag, path } = await notice(pushed, chosen.language, WORDS[chosen.language]);
  await worker.registration.showNotification(title, { body, tag, icon: '/icon.svg', data: { path } });
}

/** A notification that is pressed leads to what it is about, in the window that is open or in a new one. */
worker.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(
    (async () => {
      const path = String((event.notification.data as { path?: string } | null)?.path ?? '/');
      const [client] = await worker.clients.matchAll({ type: 'window' });
      if (!client) return void (await worker.clients.openWindow(path));
      await client.focus();
      client.postMessage({ go: path });
    })(),
  );
});

/** The newest page when there is a network, the kept one otherwise. */
async function page(request: Request): Promise<Response> {
  const kept = await caches.match('/');
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(kept ? 3_000 : 30_000) });
    return answer.status < 500 || !kept ? answer : kept; // 0 is a redirection, which the browser follows
  } catch {
    return kept ?? Response.error();
  }
}

async function fromCache(request: Request): Promise<Response> {
  return (await caches.match(request)) ?? fetch(request);
}
