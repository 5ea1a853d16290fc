/** What only those see who look after the server. Each page is one entry here, loaded when it is opened. */
import type { AnyComponent } from '../kernel/commands.svelte';
import type { Feature } from '../kernel/features';
import { withWords, type MessageKey } from '../kernel/i18n.svelte';
import { router } from '../kernel/router.svelte';
import { signedIn } from '../kernel/session.svelte';
import { Gauge, Send } from '../ui/icons';

export interface Page {
  id: string;
  title: MessageKey;
  icon: AnyComponent;
  load: () => Promise<{ default: AnyComponent }>;
}

export const pages: Page[] = [
  { id: 'health', title: 'admin.health', icon: Gauge, load: () => import('./health/HealthPage.svelte') },
  { id: 'queue', title: 'queue.title', icon: Send, load: withWords('queue', () => import('./queue/QueuePage.svelte')) },
];

const when = () => signedIn.administrator;

export const admin: Feature = {
  id: 'admin',
  route: 'admin',
  title: 'admin.title',
  icon: Gauge,
  rail: 93,
  when,
  component: withWords('admin', () => import('./AdminScreen.svelte')),
  commands: pages.map(({ id, title, icon }) => ({ id: `go.${id}`, title, icon, group: 'shell.go', when, run: () => router.go(`/admin/${id}`) })),
};
