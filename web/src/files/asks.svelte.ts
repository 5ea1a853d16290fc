/** Answers to other rooms: files for a message, and a place for what came with one. */
import type { ChooseFilesRequest, KeptFile } from '../kernel/features';
import { t } from '../kernel/i18n.svelte';
import { jmap, JmapError } from '../kernel/jmap';
import { notices } from '../kernel/notices.svelte';
import { reasonOf } from '../kernel/reasons';
import { router } from '../kernel/router.svelte';
import { sync } from '../kernel/sync';
import { asks } from './asking.svelte';
import { FileNodeType } from './types';
import { view } from './view.svelte';

interface SetAnswer {
  created?: Record<string, { id: string }> | null;
  notCreated?: Record<string, { type: string; description?: string }> | null;
}

/** Blobs of one account in another. RFC 8620 §6.3 */
async function copied(fromAccountId: string, accountId: string, blobIds: string[]): Promise<Record<string, string>> {
  if (fromAccountId === accountId) return Object.fromEntries(blobIds.map((id) => [id, id]));
  const answer = await jmap.call<{ copied: Record<string, string> | null }>('Blob/copy', { fromAccountId, accountId, blobIds });
  return answer.copied ?? {};
}

export async function choose({ accountId }: ChooseFilesRequest): Promise<KeptFile[]> {
  const chosen = await asks.open('choose');
  if (!chosen) return [];
  const nodes = chosen.nodes.filter(({ blobId }) => blobId);
  try {
    const blobs = await copied(chosen.account, accountId, nodes.map(({ blobId }) => blobId!));
    return nodes.flatMap((node) => {
      const blobId = blobs[node.blobId!];
      return blobId ? [{ accountId, blobId, name: node.name, type: node.type ?? 'application/octet-stream', size: node.size ?? 0 }] : [];
    });
  } catch (error) {
    notices.show(t('files.notDone', { reason: reasonOf(error) }), { tone: 'danger' });
    return [];
  }
}

export async function keep(files: KeptFile[]): Promise<void> {
  const place = await asks.open('keep');
  const [first] = files;
  if (!place || !first) return;
  const { account, id: parentId } = place;
  try {
    const blobs = await copied(first.accountId, account, files.map(({ blobId }) => blobId));
    const create = Object.fromEntries(files.map((file, index) => [`f${index}`, { parentId, nodeType: 'file', name: file.name.replaceAll('/', '-'), blobId: blobs[file.blobId] ?? file.blobId, type: /^[\w.+-]+\/[\w.+-]+$/.test(file.type) ? file.type : null }]));
    const answer = await jmap.call<SetAnswer>('FileNode/set', { accountId: account, create, onExists: 'rename' });
    const [refused] = Object.values(answer.notCreated ?? {});
    if (refused) throw new JmapError(refused.type, refused.description ?? refused.type);
    void sync.bring(FileNodeType, account).catch(() => undefined);
    notices.show(t('files.kept', { count: files.length, name: first.name }), { action: { label: t('files.show'), run: () => router.go(view.url({ kind: 'folder', account, id: parentId })) } });
  } catch (error) {
    notices.show(t('files.notDone', { reason: reasonOf(error) }), { tone: 'danger' });
  }
}
