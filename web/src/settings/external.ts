/** Accounts at other providers (`urn:parvis:external`): what they are, and where in the form a refusal belongs. */
import { JmapError } from '../kernel/jmap';
import { defineType } from '../kernel/store.svelte';

export const EXTERNAL = 'urn:parvis:external';
export type Safety = 'tls' | 'starttls' | 'none';

export interface Server {
  host: string;
  port: number;
  security: Safety;
  username: string;
}

export interface ExternalAccount {
  id: string;
  name: string;
  address: string;
  imap: Server;
  /** Null: nothing can be sent from it. */
  smtp: Server | null;
  accountId: string;
  state: 'new' | 'syncing' | 'ok' | 'signInFailed' | 'unreachable' | 'refused' | 'paused';
  /** What is wrong and what to do, in the person's language; empty when all is well. */
  sentence: string;
  done: number;
  total: number;
  syncedAt: string | null;
  paused: boolean;
}

export const ExternalType = defineType<ExternalAccount>({ name: 'ExternalAccount', whole: true, capability: EXTERNAL });

/** What ExternalAccount/discover found; null where nothing answered. */
export interface Found {
  imap: Partial<Server> | null;
  smtp: Partial<Server> | null;
}

export const FIELDS = ['address', 'name', 'imap', 'smtp', 'password', 'smtpPassword'] as const;
export type FieldName = (typeof FIELDS)[number];

/** The usual port of a protocol with a kind of encryption. RFC 8314 §3 */
export function portOf(protocol: 'imap' | 'smtp', security: Safety): number {
  return protocol === 'imap' ? (security === 'tls' ? 993 : 143) : security === 'tls' ? 465 : 587;
}

/** A server as the form begins: what was found, else only the name that signs in. */
export function serverOf(protocol: 'imap' | 'smtp', found: Partial<Server> | null, address: string): Server {
  const security = found?.security ?? 'tls';
  return { host: found?.host ?? '', port: found?.port ?? portOf(protocol, security), security, username: found?.username ?? address };
}

/** The field a refusal is about, so that it is said beside it; null when it is about none. RFC 8620 §5.3 */
export function fieldOf(error: unknown): FieldName | null {
  if (!(error instanceof JmapError)) return null;
  const named = ((error.detail.properties as string[] | undefined) ?? []).map((path) => path.split('/')[0]);
  const about = FIELDS.find((field) => named.includes(field));
  if (error.code === 'signInFailed') return about === 'smtp' || about === 'smtpPassword' ? 'smtpPassword' : 'password';
  if (error.code === 'unreachable') return about === 'smtp' ? 'smtp' : 'imap';
  return about ?? null;
}

/** How far the first synchronisation is, from 0 to 1; null when it is over or its size is not known. */
export function progressOf({ state, done, total, syncedAt }: Pick<ExternalAccount, 'state' | 'done' | 'total' | 'syncedAt'>): number | null {
  return (state === 'new' || state === 'syncing') && !syncedAt && total > 0 ? Math.min(1, done / total) : null;
}
