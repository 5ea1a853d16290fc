/** Messages deleted for good that can still be had back (`urn:parvis:vault`). */
import { defineType } from '../../kernel/store.svelte';

export const VAULT = 'urn:parvis:vault';
const DAY_MS = 86_400_000;

export interface VaultEmail {
  id: string;
  blobId: string;
  size: number;
  subject: string;
  /** Name and address, as they are shown. */
  sender: string;
  receivedAt: string;
  deletedAt: string;
  /** When it is removed. */
  endsAt: string;
}

export const VaultEmailType = defineType<VaultEmail>({ name: 'VaultEmail', capability: VAULT });

/** Days that are left until it is removed, the last one counted. */
export function daysLeft({ endsAt }: Pick<VaultEmail, 'endsAt'>, now = Date.now()): number {
  return Math.max(0, Math.ceil((Date.parse(endsAt) - now) / DAY_MS));
}

/** The name in `Name <address>`, and the address; either may stand for both. */
export function senderOf(text: string): { name: string; email: string } {
  const [, name, email] = /^(.*\S)\s*<([^<>]*)>$/s.exec(text) ?? [];
  return { name: name ?? text, email: email ?? text };
}
