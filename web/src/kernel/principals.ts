/** Who there is: people, groups, spaces and rooms that things can be shared with or given to. RFC 9670 §2 */
import { jmap, SHARING } from './jmap';
import { defineType, store } from './store.svelte';

export const PRINCIPALS = 'urn:ietf:params:jmap:principals';

export interface Principal {
  id: string;
  type: string;
  name: string;
  email?: string | null;
  address?: string | null;
}

/** Looked up when it is shown; not kept in step. */
export const PrincipalType = defineType<Principal>({ name: 'Principal', properties: ['id', 'type', 'name', 'address'], mutable: [] });

/** The account that the directory is read in. */
function account(): string {
  return jmap.primary(jmap.has(PRINCIPALS) ? PRINCIPALS : SHARING);
}

/** One of them, fetched when it is not here yet. Reactive. */
export function principal(id: string): Principal | undefined {
  return store.read(PrincipalType, account(), id);
}

/** The id that the person themselves has among principals. */
export function myself(): string {
  const given = jmap.session?.accounts[account()]?.accountCapabilities[PRINCIPALS]?.currentUserPrincipalId;
  return typeof given === 'string' ? given : account();
}

type Membership = (account: string) => string[];
const memberships: Membership[] = [];

/** Tells who belongs to an account that is not one person's. */
export function addMembership(membership: Membership): void {
  memberships.push(membership);
}

/** Ids of those who belong to an account that is not one person's. Reactive. */
export function membersOf(account: string): string[] {
  return memberships.flatMap((membership) => membership(account));
}

/** Those whose name or address begins with what was typed; nothing for less than two letters, or when it cannot be asked. */
export async function findPrincipals(text: string, limit = 6): Promise<Principal[]> {
  if (text.trim().length < 2) return [];
  const accountId = account();
  const batch = jmap.batch();
  const query = batch.add('Principal/query', { accountId, filter: { text: text.trim() }, limit });
  const get = batch.add<{ state: string; list: Principal[]; notFound: string[] }>('Principal/get', { accountId, '#ids': query.ref('/ids'), properties: PrincipalType.properties });
  try {
    await batch.send();
    const answer = await get.answer;
    store.take(PrincipalType, accountId, answer);
    return answer.list;
  } catch {
    return [];
  }
}

/** The address of one of them. */
export function addressOf(one: Principal): string {
  return one.email ?? one.address ?? '';
}
