/** Opening without a network: a service worker keeps the app's files. */
import { t } from '../kernel/i18n.svelte';
import { notices } from '../kernel/notices.svelte';

/** Milliseconds in which what somebody came for is fetched first: the worker fetches every file of the app. */
const LATER = 5000;

/** Registers the service worker, a little after the first screen. */
export function keepOffline(): void {
  if ('serviceWorker' in navigator && import.meta.env.PROD) setTimeout(() => void register(), LATER);
}

async function register(): Promise<void> {
  try {
    const registration = await navigator.serviceWorker.register('/service-worker.js');
    registration.addEventListener('updatefound', () => {
      const coming = registration.installing;
      coming?.addEventListener('statechange', () => {
        if (coming.state === 'installed' && navigator.serviceWorker.controller) offerReload('shell.update');
      });
    });
  } catch {
    // Private windows may refuse; the app works without.
  }
}

/** Says so when a part of the app cannot be loaded: most often a new version has taken its place. */
export function tellOfMissingParts(): void {
  window.addEventListener('vite:preloadError', () => offerReload(navigator.onLine ? 'shell.update' : 'ui.failed'));
}

function offerReload(words: 'shell.update' | 'ui.failed'): void {
  notices.show(t(words), { stay: 0, action: { label: t('shell.reload'), run: () => location.reload() } });
}
