/**
 * Being told while no page is open (RFC 8030, RFC 8620 §7.2): the browser's push service brings a sign without content to
 * the service worker (`kernel/pushed.ts`). The subscription belongs to this sign-in, and is renewed as the app starts.
 */
import { jmap, JmapError } from './jmap';
import { TOLD } from './pushed';
import { signedIn } from './session.svelte';
import { link } from './start.svelte';

const VAPID = 'urn:ietf:params:jmap:webpush-vapid';
const DEVICE = 'parvis-push-device';
/** The server gives a subscription no longer life than this. */
const WEEK_MS = 7 * 86_400_000;

interface Kept {
  id: string;
  deviceClientId: string;
  /** Null as long as nothing has arrived here. */
  verificationCode: string | null;
}
interface SetAnswer {
  notCreated?: Record<string, { type: string; description?: string }> | null;
}

class WebPush {
  /** Whether this browser is told. Reactive. */
  on = $state(false);

  /** Whether it can be. Reactive. */
  get possible(): boolean {
    return 'PushManager' in globalThis && 'serviceWorker' in navigator && this.key !== '';
  }

  private get key(): string {
    return (link.session?.capabilities[VAPID] as { applicationServerKey?: string } | undefined)?.applicationServerKey ?? '';
  }

  private get device(): string {
    const kept = localStorage.getItem(DEVICE) ?? crypto.randomUUID();
    localStorage.setItem(DEVICE, kept);
    return kept;
  }

  /** To be called as the app starts: what was switched on stays so. */
  async begin(): Promise<void> {
    const subscription = await this.subscription();
    this.on = !!subscription;
    if (subscription && this.possible) await this.renew(subscription);
  }

  private async subscription(): Promise<PushSubscription | null> {
    if (!('PushManager' in globalThis)) return null;
    return (await (await navigator.serviceWorker.getRegistration())?.pushManager.getSubscription()) ?? null;
  }

  private async kept(): Promise<Kept | undefined> {
    const { list } = await jmap.call<{ list: Kept[] }>('PushSubscription/get', { ids: null });
    return list.find(({ deviceClientId }) => deviceClientId === this.device);
  }

  /** The server knows the subscription, for a week from now. Rejects with JmapError. */
  private async renew(subscription: PushSubscription): Promise<void> {
    const expires = `${new Date(Date.now() + WEEK_MS).toISOString().slice(0, 19)}Z`;
    const known = await this.kept();
    if (known?.verificationCode) return void (await jmap.call('PushSubscription/set', { update: { [known.id]: { expires, types: TOLD } } }));
    const { endpoint: url, keys } = subscription.toJSON();
    const create = { made: { deviceClientId: this.device, url, keys, expires, types: TOLD } };
    const { notCreated } = await jmap.call<SetAnswer>('PushSubscription/set', { create, ...(known ? { destroy: [known.id] } : {}) });
    const refused = notCreated?.made;
    if (refused) throw new JmapError(refused.type, refused.description ?? refused.type);
  }

  /** Subscribes this browser. Rejects with JmapError `forbidden` and the name of the push service where the server may not reach that, or with what the browser says. */
  async start(): Promise<void> {
    const { pushManager } = await navigator.serviceWorker.ready;
    const subscription = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: this.key });
    try {
      await this.renew(subscription);
    } catch (error) {
      await subscription.unsubscribe();
      const refused = error instanceof JmapError && error.code === 'forbidden';
      throw refused ? new JmapError('forbidden', new URL(subscription.endpoint).host) : error;
    }
    this.on = true;
  }

  /** Is told no more. */
  async stop(): Promise<void> {
    this.on = false;
    await (await this.subscription())?.unsubscribe();
    const known = await this.kept();
    if (known) await jmap.call('PushSubscription/set', { destroy: [known.id] });
  }
}

export const webpush = new WebPush();
signedIn.leaving(() => webpush.stop());
