/**
 * Keeps the rooms in step (Matrix v1.19 Client-Server §Syncing): one tab asks and waits for an answer, as long as the
 * person is signed in, and tells the others. A tab that nobody has looked at for long lets another one lead.
 */
import { signedIn } from '../kernel/session.svelte';
import { data } from './data.svelte';
import { sealing } from './crypto/sealing.svelte';
import { ask, MatrixError, whenEnded } from './matrix';
import { told } from './notify';
import { outbox } from './outbox.svelte';
import type { Synced } from './types';

const WAIT_MS = 30_000;
const LONGEST_BACK_OFF = 60_000;
/** A tab out of sight stops after this time. */
const HIDDEN_MS = 30 * 60_000;
const FILTER = JSON.stringify({
  presence: { types: [] },
  room: { timeline: { limit: 40, lazy_load_members: true, unread_thread_notifications: true }, state: { lazy_load_members: true } },
});

type News = { since: string; answer: Synced } | { hello: true } | { whole: ReturnType<typeof data.whole> };

class Sync {
  private running: AbortController | null = null;
  private channel: BroadcastChannel | null = null;
  private leads = false;
  private readonly listeners = new Set<(answer: Synced) => void>();
  /** Whether the server answers. Reactive. */
  online = $state(true);

  /** Begins once; what the device has is there when this resolves. */
  async begin(): Promise<void> {
    if (this.running) return;
    this.running = new AbortController();
    const { signal } = this.running;
    whenEnded(() => signedIn.expire());
    await data.wake();
    this.channel = new BroadcastChannel(`parvis-chat-${signedIn.person?.id}`);
    this.channel.onmessage = ({ data: news }: MessageEvent<News>) => this.hear(news);
    this.channel.postMessage({ hello: true } satisfies News);
    const pass = () => (signal.aborted ? undefined : this.lead(signal));
    if ('locks' in navigator) navigator.locks.request(`parvis-chat-${signedIn.person?.id}`, { signal }, pass).catch(() => undefined);
    else void pass();
    window.addEventListener('online', () => outbox.flush());
    window.addEventListener('pagehide', () => void data.flush());
    $effect.root(() => {
      $effect(() => {
        if (!signedIn.person) this.end();
      });
    });
    outbox.flush();
  }

  private end(): void {
    this.running?.abort();
    this.channel?.close();
    this.running = this.channel = null;
    this.leads = false;
    data.forget();
  }

  /** Called with each answer once it is in. */
  on(listener: (answer: Synced) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private hear(news: News): void {
    if ('hello' in news) {
      if (this.leads && data.me) this.channel?.postMessage({ whole: $state.snapshot(data.whole()) } satisfies News);
    } else if ('whole' in news) {
      if (!this.leads) data.take(news.whole);
    } else if (news.since === data.since) this.take(news.answer);
    else if (!this.leads) this.channel?.postMessage({ hello: true } satisfies News);
  }

  private take(answer: Synced): void {
    data.apply(answer);
    for (const listener of this.listeners) listener(answer);
  }

  private async lead(signal: AbortSignal): Promise<void> {
    this.leads = true;
    let pause = 0;
    let hidden = 0;
    while (!signal.aborted) {
      hidden = document.visibilityState === 'visible' ? 0 : hidden || Date.now();
      if (hidden && Date.now() - hidden > HIDDEN_MS) await seen(signal);
      try {
        await this.once(signal, pause > 0);
        this.online = true;
        pause = 0;
        outbox.flush();
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof MatrixError && !error.passing) pause = LONGEST_BACK_OFF;
        this.online = false;
        if (data.status === 'empty') data.status = 'failed';
        pause = Math.min(LONGEST_BACK_OFF, Math.max(1_000, pause * 2));
        await rest(pause, signal);
      }
    }
  }

  private async once(signal: AbortSignal, hasty: boolean): Promise<void> {
    if (!data.me) data.me = (await ask<{ user_id: string }>('GET', ['client', 'v3', 'account', 'whoami'], { signal })).user_id;
    const { since } = data;
    const query = { filter: FILTER, since, timeout: since && !hasty ? WAIT_MS : 0, set_presence: document.visibilityState === 'visible' ? 'online' : 'unavailable' };
    const said = await ask<Synced>('GET', ['client', 'v3', 'sync'], { query, signal });
    if (signal.aborted) return;
    const answer = await sealing.told(said);
    const before = new Map(Object.keys(answer.rooms?.join ?? {}).map((id) => [id, data.rooms.get(id)]));
    if (!since) for (const id of data.rooms.keys()) if (!(id in (answer.rooms?.join ?? {})) && !(id in (answer.rooms?.invite ?? {}))) data.drop(id);
    this.take(answer);
    this.channel?.postMessage({ since, answer } satisfies News);
    if (since) told(answer, before);
  }
}

function rest(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => (clearTimeout(timer), window.removeEventListener('online', end), resolve());
    const timer = setTimeout(end, ms);
    window.addEventListener('online', end, { once: true });
    signal.addEventListener('abort', end, { once: true });
  });
}

function seen(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (document.visibilityState !== 'visible' && !signal.aborted) return;
      document.removeEventListener('visibilitychange', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
    signal.addEventListener('abort', look, { once: true });
  });
}

export const sync = new Sync();
