/** The system's own notifications, where the person has allowed them and does not look. */
import { preferences } from './preferences.svelte';
import { isQuiet } from './quiet';
import { router } from './router.svelte';

/** Whether the person has allowed them; `none` where there are no such. */
export function telling(): NotificationPermission | 'none' {
  return 'Notification' in globalThis ? Notification.permission : 'none';
}

/** Whether the person can still be asked to allow them. */
export function mayAsk(): boolean {
  return telling() === 'default';
}

/** Whether anything would be shown now. */
export function wouldTell(): boolean {
  return telling() === 'granted' && !document.hasFocus() && !isQuiet(new Date(), preferences.value);
}

/** Shows one, in the place of the one before it with the same tag; pressing it leads to `path`. */
export async function tell(title: string, { body, tag, path }: { body: string; tag: string; path: string }): Promise<void> {
  if (!wouldTell()) return;
  const options: NotificationOptions = { body, tag, icon: '/icon.svg', data: { path } };
  const worker = await navigator.serviceWorker?.getRegistration();
  if (worker) return worker.showNotification(title, options);
  new Notification(title, options).onclick = () => {
    window.focus();
    router.go(path);
  };
}
