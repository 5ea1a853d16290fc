/** Who is signed in: sign-in and sign-out by the server's `/auth` door, with a cookie scripts cannot read. */
import { db } from './db';
import { JmapError } from './jmap';

export interface Principal {
  id: string;
  name: string;
  address: string;
  language?: string;
  administrator?: boolean;
}

/** Why signing in failed; `retryAfter` in seconds when there were too many tries. */
export class SignInError extends Error {
  constructor(
    readonly code: string,
    readonly retryAfter: number,
    sentence: string,
  ) {
    super(sentence);
  }
}

export interface DeviceSession {
  id: string;
  device?: string;
  created?: string;
  seen?: string;
  current?: boolean;
  [more: string]: unknown;
}

const REMEMBERED = 'parvis-person';

class SignedIn {
  /** The person, null when signed out, undefined while that is not known. Reactive. */
  person = $state.raw<Principal | null | undefined>(undefined);
  private readonly works: (() => Promise<void>)[] = [];
  /** True when the server could not be asked and the person is the one this device remembers. */
  offline = $state(false);

  /** Whether the person looks after the server. The server asks again; this only says what is shown. Reactive. */
  get administrator(): boolean {
    return !!this.person?.administrator;
  }

  /** Finds out who is signed in; offline, who was. */
  async find(): Promise<Principal | null> {
    try {
      const answer = await fetch('/auth/session'); // as index.html preloads it
      if (answer.status >= 500) throw new Error(`${answer.status}`);
      this.offline = false;
      this.take(answer.ok ? ((await answer.json()) as { principal: Principal }).principal : null);
    } catch {
      this.offline = true;
      const kept = localStorage.getItem(REMEMBERED);
      this.person = kept ? (JSON.parse(kept) as Principal) : null;
      if (this.person) db.use(this.person.id);
    }
    return this.person ?? null;
  }

  async signIn(username: string, password: string): Promise<Principal> {
    let answer: Response;
    try {
      answer = await authRequest('POST', 'sign-in', { username, password, device: deviceName() });
    } catch (error) {
      throw new SignInError('offline', 0, String(error));
    }
    const body = (await answer.json().catch(() => ({}))) as { principal?: Principal; code?: string; sentence?: string; retryAfter?: number };
    if (!answer.ok || !body.principal) {
      const wait = body.retryAfter ?? (Number(answer.headers.get('Retry-After')) || 0);
      throw new SignInError(body.code ?? (answer.status === 429 ? 'rateLimited' : 'http'), wait, body.sentence ?? '');
    }
    this.offline = false;
    this.take(body.principal);
    return body.principal;
  }

  /** What else is to be forgotten as somebody signs out, while the server still knows them. */
  leaving(work: () => Promise<void>): void {
    this.works.push(work);
  }

  /** Signs out here and forgets what this device keeps of the person. */
  async signOut(): Promise<void> {
    for (const work of this.works) await work().catch(() => undefined);
    await authRequest('POST', 'sign-out').catch(() => undefined);
    await db.forget();
    this.take(null);
    location.assign('/');
  }

  /** The server said that it no longer knows us: ask for the password again, keep what is on the device. */
  expire(): void {
    if (this.person) this.person = null;
  }

  /** Where the person is signed in. */
  async sessions(): Promise<DeviceSession[]> {
    return listOf<DeviceSession>(await authRequest('GET', 'sessions'), 'sessions');
  }

  async endSession(id: string): Promise<void> {
    await authRequest('DELETE', `sessions/${encodeURIComponent(id)}`);
  }

  private take(person: Principal | null): void {
    this.person = person;
    if (person) {
      localStorage.setItem(REMEMBERED, JSON.stringify(person));
      db.use(person.id);
    } else localStorage.removeItem(REMEMBERED);
  }
}

/** A request to `/auth/…`; also used for app passwords. Rejects only when the network fails. */
export function authRequest(method: string, path: string, body?: unknown): Promise<Response> {
  return fetch(`/auth/${path}`, {
    method,
    credentials: 'same-origin',
    headers: { Accept: 'application/json', 'X-Parvis': '1', ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function listOf<T>(answer: Response, name: string): Promise<T[]> {
  if (!answer.ok) throw new JmapError(answer.status === 401 ? 'unauthenticated' : 'http', `${answer.status}`);
  const body = (await answer.json()) as T[] | Record<string, T[]>;
  return Array.isArray(body) ? body : (body[name] ?? body.list ?? []);
}

/** What the list of devices will call this one: `Firefox, Linux`. */
export function deviceName(): string {
  const agent = navigator.userAgent;
  const browser = /Firefox/.test(agent) ? 'Firefox' : /Edg\//.test(agent) ? 'Edge' : /Chrome/.test(agent) ? 'Chrome' : /Safari/.test(agent) ? 'Safari' : 'Browser';
  const system = /Android/.test(agent) ? 'Android' : /iPhone|iPad/.test(agent) ? 'iOS' : /Mac/.test(agent) ? 'macOS' : /Windows/.test(agent) ? 'Windows' : 'Linux';
  return `${browser}, ${system}`;
}

export const signedIn = new SignedIn();
