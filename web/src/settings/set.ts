/** Changes that settings make to records, each told when it did not work. */
import { t } from '../kernel/i18n.svelte';
import { jmap, JmapError } from '../kernel/jmap';
import { whyOf } from '../kernel/reasons';
import { notices } from '../kernel/notices.svelte';

interface Refusal {
  type: string;
  description?: string;
}
interface SetAnswer {
  created?: Record<string, { id: string }> | null;
  notCreated?: Record<string, Refusal> | null;
  notUpdated?: Record<string, Refusal> | null;
  notDestroyed?: Record<string, Refusal> | null;
}

export const VACATION = 'urn:ietf:params:jmap:vacationresponse';
export const PARVIS_MAIL = 'urn:parvis:mail';
export const QUEUE = 'urn:parvis:queue';

/** All records of a small kind. */
export async function all<T>(kind: string, accountId: string): Promise<T[]> {
  return (await jmap.call<{ list: T[] }>(`${kind}/get`, { accountId, ids: null })).list;
}

/** Foo/set (RFC 8620 §5.3) with one change; rejects with what the server says. */
export async function set(kind: string, accountId: string, change: { create?: unknown; update?: unknown; destroy?: string[] }): Promise<SetAnswer> {
  const answer = await jmap.call<SetAnswer>(`${kind}/set`, { accountId, ...change });
  const [refused] = [answer.notCreated, answer.notUpdated, answer.notDestroyed].flatMap((part) => Object.values(part ?? {}));
  if (refused) throw new JmapError(refused.type, refused.description ?? refused.type, { ...refused });
  return answer;
}

/** Runs a change, says that it is kept, or why it is not; true when it worked. */
export async function tell(change: Promise<unknown>, done = t('settings.saved')): Promise<boolean> {
  try {
    await change;
    notices.show(done, { stay: 2_500 });
    return true;
  } catch (error) {
    const why = whyOf(error, t('settings.unreachable'));
    notices.show(t('settings.notSaved', { reason: why }), { tone: 'danger' });
    return false;
  }
}
