/** Wakes the kernel after sign-in: what the device keeps first, then the server, then push. */
import { db } from './db';
import { t } from './i18n.svelte';
import { jmap, JmapError, type Session } from './jmap';
import { notices } from './notices.svelte';
import { outbox } from './outbox.svelte';
import { preferences, PreferencesType } from './preferences.svelte';
import { Push, type Changed } from './push.svelte';
import { reasonOf } from './reasons';
import { signedIn } from './session.svelte';
import { store } from './store.svelte';
import { sync } from './sync';

class Link {
  /** Whether the server can be reached, as far as we know. */
  online = $state(true);
  /** True while the first synchronisation after start or reconnection runs. */
  busy = $state(false);
  /** The JMAP session; also from the device when offline. */
  session = $state.raw<Session | null>(null);
}

/** The state of the connection, for the shell. */
export const link = new Link();

const push = new Push((changed) => void follow(changed), () => void reconnect());
/** See `Push.on`. */
export const heard = push.on.bind(push) as Push['on'];
let listening = false;
/** The session object that was asked for before it was known who is signed in. */
let early: Promise<Session> | null = null;

/** Asks for the session object at once; when nobody is signed in, nothing comes of it. */
export function hurry(): void {
  early = jmap.open();
  early.catch(() => (early = null));
}

let awake: Promise<void> | null = null;

/** What has changed is asked for, unless what is being asked already says it. */
async function follow(changed: Changed): Promise<void> {
  await Promise.allSettled([awake]);
  await Promise.allSettled([coming]);
  const asked = await sync.changed(changed);
  if (asked.has(PreferencesType.name)) preferences.apply();
}

/** Call once a person is known. Resolves when there is something to show. */
export function wake(): Promise<void> {
  return (awake ??= begin());
}

async function begin(): Promise<void> {
  jmap.onUnauthenticated = () => signedIn.expire();
  jmap.onSessionState = () => void accountsChanged();
  outbox.onRefused = (error, again) =>
    notices.show(t('ui.refused', { reason: reasonOf(error) }), { tone: 'danger', stay: 12_000, action: { label: t('ui.retry'), run: again } });
  const kept = await db.get<Session>('meta', 'session');
  if (kept) {
    jmap.session = link.session = kept;
    await fromDevice(kept);
    void reconnect();
  } else {
    await openSession();
    if (link.session) await fromDevice(link.session);
    void reconnect(true);
  }
  if (listening) return;
  listening = true;
  window.addEventListener('online', () => void reconnect());
  window.addEventListener('offline', () => (link.online = false));
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && !push.connected && void reconnect());
  window.addEventListener('pagehide', () => void store.flush());
}

/** Stops everything and forgets what is in memory. */
export function sleep(): void {
  awake = null;
  push.stop();
  outbox.clear();
  store.clear();
  jmap.session = link.session = null;
}

async function fromDevice(session: Session): Promise<void> {
  await store.wake(sync.all, Object.keys(session.accounts));
  await outbox.wake(sync.all);
  preferences.apply();
}

/** What was withdrawn, accounts or kinds of things of an account, is forgotten at once; what was given is asked for anew. */
function compare(before: Session, after: Session): void {
  for (const [account, { accountCapabilities: had }] of Object.entries(before.accounts)) {
    const has = after.accounts[account]?.accountCapabilities;
    if (!has) void store.forget(account);
    else for (const type of sync.all) if (type.capability && type.capability in had && !(type.capability in has)) void store.forget(account, type);
  }
  for (const [account, { accountCapabilities: has }] of Object.entries(after.accounts)) {
    const had = before.accounts[account]?.accountCapabilities ?? {};
    if (Object.keys(has).some((capability) => !(capability in had))) store.recall(account);
  }
}

async function openSession(): Promise<void> {
  try {
    const opening = early ?? jmap.open();
    early = null;
    const session = await opening;
    if (link.session) compare(link.session, session);
    jmap.session = link.session = session;
    link.online = true;
    store.save('meta', 'session', link.session);
    push.start(link.session.eventSourceUrl);
  } catch (error) {
    link.online = !(error instanceof JmapError && error.passing);
  }
}

/** The server says that the accounts have changed: what new ones hold is fetched. */
async function accountsChanged(): Promise<void> {
  const known = new Set(Object.keys(link.session?.accounts ?? {}));
  await openSession();
  const fresh = Object.keys(link.session?.accounts ?? {}).filter((id) => !known.has(id));
  if (fresh.length) await sync.everything(fresh).catch(() => undefined);
}

let coming: Promise<void> | null = null;

/** Asks the server for everything that changed and sends what waits; `opened` when the session has just been fetched. */
export function reconnect(opened = false): Promise<void> {
  coming ??= (async () => {
    link.busy = true;
    if (!opened) await openSession();
    if (link.online && link.session) {
      await sync.everything(Object.keys(link.session.accounts)).catch((error: unknown) => {
        if (error instanceof JmapError && error.code === 'offline') link.online = false;
      });
      preferences.apply();
      await outbox.flush();
    } else setTimeout(() => !link.online && void reconnect(), 15_000);
    link.busy = false;
  })().finally(() => (coming = null));
  return coming;
}
