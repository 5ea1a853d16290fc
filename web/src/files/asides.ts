/** What belongs to a file and is looked at with it: older contents, comments, links. Asked for when it is shown. */
import { jmap, JmapError } from '../kernel/jmap';

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
type Kind = 'FileVersion' | 'FileComment' | 'FileLink';

/** Those of a node, in the server's order. */
export async function asidesOf<T>(kind: Kind, accountId: string, nodeId: string): Promise<T[]> {
  const batch = jmap.batch();
  const query = batch.add(`${kind}/query`, { accountId, filter: { nodeId } });
  const get = batch.add<{ list: T[] }>(`${kind}/get`, { accountId, '#ids': query.ref('/ids') });
  await batch.send();
  return (await get.answer).list;
}

/** Foo/set with one change; rejects with what the server says. */
export async function setAside(kind: Kind, accountId: string, change: { create?: unknown; update?: unknown; destroy?: string[] }): Promise<void> {
  const answer = await jmap.call<SetAnswer>(`${kind}/set`, { accountId, ...change });
  const [refused] = [answer.notCreated, answer.notUpdated, answer.notDestroyed].flatMap((part) => Object.values(part ?? {}));
  if (refused) throw new JmapError(refused.type, refused.description ?? refused.type);
}
