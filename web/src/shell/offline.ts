/** Says so when a part of the app cannot be loaded: most often a new version has taken its place. */
export function tellOfMissingParts(): void {
  window.addEventListener('vite:preloadError', () =>
    notices.show(t(navigator.onLine ? 'shell.update' : 'ui.failed'), { stay: 0, action: { label: t('shell.reload'), run: () => location.reload() } }),
  );
}

/** Registers the service worker, which keeps the app's files so that it opens without a network. */
import { t } from '../kernel/i18n.svelte';
import { notices } from '../kernel/notices.svelte';

export function keepOffline(): void {
  if (!('serviceWorker' in navigator) || !import.meta.env.PROD) return;
  navigator.serviceWorker
    .register('/service-worker.js')
    .then((registration) =>
      registration.addEventListener('updatefound', () => {
        const coming = registration.installing;
        coming?.addEventListener('statechange', () => {
          if (coming.state !== 'installed' || !navigator.serviceWorker.controller) return;
          notices.show(t('shell.update'), { stay: 0, action: { label: t('shell.reload'), run: () => location.reload() } });
        });
      }),
    )
    .catch(() => undefined); // private windows may refuse; the app works without
}
