/** Matrix's own API at the place this page came from, signed in by its cookie (Matrix v1.19 Client-Server §Web Browser Clients). */
import type { Content } from './types';

const TRIES = 3;

let onEnded = () => undefined as void;
/** Says what is done when the server no longer knows who asks. */
export function whenEnded(done: () => void): void {
  onEnded = done;
}

export class MatrixError extends Error {
  constructor(
    /** `M_FORBIDDEN` and others; `offline` when nothing was heard. */
    readonly code: string,
    readonly status: number,
    sentence: string,
    /** Milliseconds to wait before the next try. */
    readonly wait = 0,
  ) {
    super(sentence || code);
  }

  /** Whether the same may succeed later. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

interface Asking {
  query?: Record<string, string | number | undefined>;
  body?: Content | Blob;
  signal?: AbortSignal;
}

/** The address of an endpoint below `/_matrix`. */
export function address(parts: string[], query: Asking['query'] = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return `/_matrix/${parts.map(encodeURIComponent).join('/')}${text ? `?${text}` : ''}`;
}

/** One question; asked again when the server wants a moment. Throws MatrixError, and what an abort throws. */
export async function ask<Answer = Content>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', parts: string[], { query, body, signal }: Asking = {}): Promise<Answer> {
  const init: RequestInit = { method, credentials: 'same-origin', headers: { Accept: 'application/json', 'X-Parvis': '1' }, signal: signal ?? null };
  if (body instanceof Blob) Object.assign(init, { body, headers: { ...init.headers, 'Content-Type': body.type || 'application/octet-stream' } });
  else if (body) Object.assign(init, { body: JSON.stringify(body), headers: { ...init.headers, 'Content-Type': 'application/json' } });
  for (let tries = 1; ; tries++) {
    const answer = await fetch(address(parts, query), init).catch((error: Error) => {
      if (error.name === 'AbortError') throw error;
      throw new MatrixError('offline', 0, error.message);
    });
    if (answer.ok) return (await answer.json()) as Answer;
    const said = (await answer.json().catch(() => ({}))) as { errcode?: string; error?: string; retry_after_ms?: number };
    if (answer.status === 401) onEnded();
    const error = new MatrixError(said.errcode ?? 'M_UNKNOWN', answer.status, said.error ?? '', said.retry_after_ms);
    if (answer.status !== 429 || tries === TRIES) throw error;
    await new Promise((resolve) => setTimeout(resolve, error.wait || 1_000));
  }
}

/** An endpoint of a room. */
export function room(id: string, ...more: string[]): string[] {
  return ['client', 'v3', 'rooms', id, ...more];
}

/** What somebody keeps for themselves, by its type (§Client Config). */
export function ownData(user: string, type: string): string[] {
  return ['client', 'v3', 'user', user, 'account_data', type];
}

/** Where the bytes of an `mxc:` address are, for `src` and links; empty for what is none. */
export function mediaUrl(mxc: unknown, size?: { width: number; height: number }): string {
  const [, server, id] = /^mxc:\/\/([^/]+)\/([\w-]+)$/.exec(String(mxc)) ?? [];
  if (!server || !id) return '';
  return size ? address(['client', 'v1', 'media', 'thumbnail', server, id], { ...size, method: 'scale' }) : address(['client', 'v1', 'media', 'download', server, id]);
}

/** What an upload was answered; nothing where something before the server did, with a page of its own. */
function answered(text: string): { content_uri?: string; errcode?: string; error?: string } {
  try {
    return JSON.parse(text) as ReturnType<typeof answered>;
  } catch {
    return {};
  }
}

/** Brings a file to the server, telling the part that is there; answers with its `mxc:` address. Throws MatrixError. */
export function upload(file: Blob, name: string, told: (part: number) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch does not tell how far an upload is
    request.open('POST', address(['media', 'v3', 'upload'], { filename: name }));
    request.setRequestHeader('X-Parvis', '1');
    request.setRequestHeader('Content-Type', file.type || 'application/octet-stream');
    request.upload.onprogress = ({ loaded, total }) => told(total ? loaded / total : 0);
    request.onerror = () => reject(new MatrixError('offline', 0, ''));
    request.onload = () => {
      const said = answered(request.responseText);
      if (request.status === 200 && said.content_uri) resolve(said.content_uri);
      else reject(new MatrixError(said.errcode ?? 'M_UNKNOWN', request.status, said.error ?? ''));
    };
    request.send(file);
  });
}
