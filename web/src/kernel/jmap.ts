/**
 * The JMAP client (RFC 8620): the session object, method calls gathered into one request with
 * back-references, upload and download. It keeps nothing and knows no kind of record.
 */

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Arguments = Record<string, unknown>;
export type Invocation = [name: string, args: Arguments, callId: string];

export interface Account {
  name: string;
  isPersonal: boolean;
  isReadOnly: boolean;
  accountCapabilities: Record<string, Record<string, unknown>>;
}

/** RFC 8620 §2. */
export interface Session {
  capabilities: Record<string, Record<string, unknown>>;
  accounts: Record<string, Account>;
  primaryAccounts: Record<string, string>;
  username: string;
  apiUrl: string;
  downloadUrl: string;
  uploadUrl: string;
  eventSourceUrl: string;
  state: string;
}

/** Anything that kept an answer from coming: `code` is stable and is what callers look at. */
export class JmapError extends Error {
  constructor(
    /** `offline`, `unauthenticated`, `http`, or a type of RFC 8620 §3.6 without its urn prefix. */
    readonly code: string,
    message: string,
    readonly detail: Record<string, unknown> = {},
  ) {
    super(message);
    this.name = 'JmapError';
  }

  /** True when nothing is wrong with what was asked: asking again later may succeed. */
  get passing(): boolean {
    return ['offline', 'serverUnavailable', 'serverFail', 'limit', 'http'].includes(this.code);
  }
}

export const CORE = 'urn:ietf:params:jmap:core';
export const MAIL = 'urn:ietf:params:jmap:mail';
export const SUBMISSION = 'urn:ietf:params:jmap:submission';
export const SHARING = 'urn:parvis:sharing';

/** RFC 8620 §3.7: a result of an earlier call in the same request. */
export interface ResultReference {
  resultOf: string;
  name: string;
  path: string;
}

/** One call of a batch: its future answer, and pointers into it for later calls of the same batch. */
export class Call<T> {
  readonly answer: Promise<T>;
  resolve!: (value: T) => void;
  reject!: (reason: unknown) => void;

  constructor(
    readonly name: string,
    readonly args: Arguments,
    readonly id: string,
  ) {
    this.answer = new Promise<T>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.answer.catch(() => undefined); // an answer nobody waits for is no unhandled rejection
  }

  /** A back-reference, for an argument whose name starts with `#`: `{'#ids': query.ref('/ids')}`. */
  ref(path: string): ResultReference {
    return { resultOf: this.id, name: this.name, path };
  }
}

/** Calls that go to the server in one request, answered in order. */
export class Batch {
  readonly calls: Call<unknown>[] = [];

  constructor(private readonly client: JmapClient) {}

  add<T = Record<string, unknown>>(name: string, args: Arguments): Call<T> {
    const call = new Call<T>(name, args, this.client.nextId());
    this.calls.push(call as Call<unknown>);
    return call;
  }

  /** Sends the batch, in one request with others of the same tick. Each call's `answer` settles on its own; this rejects only when the
   *  whole request failed. */
  async send(): Promise<void> {
    if (!this.calls.length) return;
    try {
      const answers = await this.client.together(this.calls.map((call) => [call.name, call.args, call.id]));
      for (const call of this.calls) settle(call, answers.filter((answer) => answer[2] === call.id));
    } catch (error) {
      for (const call of this.calls) call.reject(error);
      throw error;
    }
  }
}

function settle(call: Call<unknown>, answers: Invocation[]): void {
  const own = answers.find((answer) => answer[0] === call.name) ?? answers[0];
  if (!own) call.reject(new JmapError('serverFail', `no answer to ${call.name}`));
  else if (own[0] === 'error') {
    const { type, description } = own[1] as { type?: string; description?: string };
    call.reject(new JmapError(type ?? 'serverFail', description ?? `${call.name}: ${type}`, own[1]));
  } else call.resolve(own[1]);
}

export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

export interface Uploaded {
  accountId: string;
  blobId: string;
  type: string;
  size: number;
}

export class JmapClient {
  session: Session | null = null;
  /** Called when the server no longer knows who asks. */
  onUnauthenticated: () => void = () => undefined;
  /** Called with the session state of each answer (RFC 8620 §3.4), to notice that accounts have changed. */
  onSessionState: (state: string) => void = () => undefined;
  private waiting: Batch | null = null;
  private gathered: { calls: Invocation[]; answers: Promise<Invocation[]> } | null = null;
  private made = 0;

  constructor(private readonly fetch: Fetch = (url, init) => globalThis.fetch(url, init)) {}

  /** Fetches the session object. Errors: JmapError `unauthenticated`, `offline`, `http`. */
  async open(): Promise<Session> {
    const answer = await this.send('/jmap/session', {}); // where /.well-known/jmap leads; as index.html preloads it
    this.session = (await answer.json()) as Session;
    return this.session;
  }

  /** One call; all calls made in the same tick travel in one request. */
  call<T = Record<string, unknown>>(name: string, args: Arguments): Promise<T> {
    if (!this.waiting || this.waiting.calls.length >= this.limit('maxCallsInRequest', 16)) {
      const batch = new Batch(this);
      this.waiting = batch;
      queueMicrotask(() => {
        if (this.waiting === batch) this.waiting = null;
        batch.send().catch(() => undefined);
      });
    }
    return this.waiting.add<T>(name, args).answer;
  }

  batch(): Batch {
    return new Batch(this);
  }

  /** An id for a call that no other has. */
  nextId(): string {
    return `c${this.made++}`;
  }

  /** Sends calls in one request with all others of the same tick, as far as it takes them. */
  together(calls: Invocation[]): Promise<Invocation[]> {
    if (!this.gathered || this.gathered.calls.length + calls.length > this.limit('maxCallsInRequest', 16)) {
      const all: Invocation[] = [];
      const answers = Promise.resolve().then(() => {
        if (this.gathered?.calls === all) this.gathered = null;
        return this.request(all);
      });
      this.gathered = { calls: all, answers };
    }
    this.gathered.calls.push(...calls);
    return this.gathered.answers;
  }

  /** A number from the core capability (RFC 8620 §2). */
  limit(name: string, otherwise: number): number {
    const value = this.session?.capabilities[CORE]?.[name];
    return typeof value === 'number' && value > 0 ? value : otherwise;
  }

  has(capability: string): boolean {
    return !!this.session && capability in this.session.capabilities;
  }

  /** The account that holds the person's own data of a capability, or '' before the session is known. */
  primary(capability: string = MAIL): string {
    return this.session?.primaryAccounts[capability] ?? Object.keys(this.session?.accounts ?? {})[0] ?? '';
  }

  async request(calls: Invocation[]): Promise<Invocation[]> {
    if (!this.session) throw new JmapError('offline', 'the session is not open');
    const answer = await this.send(this.session.apiUrl, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'X-Parvis': '1' },
      body: JSON.stringify({ using: Object.keys(this.session.capabilities), methodCalls: calls }),
    });
    const body = (await answer.json()) as { methodResponses: Invocation[]; sessionState: string };
    if (body.sessionState !== this.session.state) this.onSessionState(body.sessionState);
    return body.methodResponses;
  }

  /** RFC 8620 §6.1. Progress from 0 to 1, so XMLHttpRequest: fetch does not tell how far an upload is. */
  upload(accountId: string, data: Blob, progress: (part: number) => void = () => undefined, signal?: AbortSignal): Promise<Uploaded> {
    const url = (this.session?.uploadUrl ?? '').replace('{accountId}', encodeURIComponent(accountId));
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open('POST', url);
      request.setRequestHeader('Content-Type', data.type || 'application/octet-stream');
      request.setRequestHeader('X-Parvis', '1');
      request.responseType = 'json';
      request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
      request.onerror = () => reject(new JmapError('offline', 'the upload was cut off'));
      request.onabort = () => reject(new JmapError('cancelled', 'the upload was cancelled'));
      signal?.addEventListener('abort', () => request.abort());
      request.onload = () =>
        request.status < 300
          ? resolve(request.response as Uploaded)
          : reject(new JmapError(refusalOf(request.status, request.response), `upload: ${request.status}`));
      request.send(data);
    });
  }

  /** RFC 8620 §6.2. */
  downloadUrl(accountId: string, blobId: string, name: string, type: string): string {
    const parts: Record<string, string> = { accountId, blobId, name: name || 'file', type };
    return (this.session?.downloadUrl ?? '').replace(/\{(\w+)\}/g, (_all, part: string) => encodeURIComponent(parts[part] ?? ''));
  }

  async download(accountId: string, blobId: string, name: string, type: string): Promise<Blob> {
    return (await this.send(this.downloadUrl(accountId, blobId, name, type), {})).blob();
  }

  private async send(url: string, init: RequestInit): Promise<Response> {
    let answer: Response;
    try {
      answer = await this.fetch(url, { credentials: 'same-origin', ...init });
    } catch (error) {
      throw new JmapError('offline', String(error));
    }
    if (answer.ok) return answer;
    const body: unknown = await answer.json().catch(() => ({}));
    const code = problem(answer.status, body);
    if (code === 'unauthenticated') this.onUnauthenticated();
    throw new JmapError(code, `${url}: ${answer.status}`, body as Record<string, unknown>);
  }
}

/** RFC 8620 §3.6.1 problem details, or the status alone, as one of our codes. */
function problem(status: number, body: unknown): string {
  if (status === 401) return 'unauthenticated';
  const type = (body as { type?: string } | null)?.type ?? '';
  if (type.startsWith('urn:ietf:params:jmap:error:')) return type.slice('urn:ietf:params:jmap:error:'.length);
  return status === 503 || status === 502 || status === 504 ? 'serverUnavailable' : 'http';
}

/** Why bytes were not taken. */
export function refusalOf(status: number, body: unknown = null): string {
  return ({ 403: 'forbidden', 413: 'tooLarge', 507: 'overQuota' } as Record<number, string>)[status] ?? problem(status, body);
}

export const jmap = new JmapClient();
