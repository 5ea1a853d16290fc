/** What has been given to people outside, of all accounts one may share from; and giving more. */
import { t } from '../kernel/i18n.svelte';
import { jmap, JmapError, type Arguments } from '../kernel/jmap';
import { notices } from '../kernel/notices.svelte';
import { reasonOf } from '../kernel/reasons';
import { store } from '../kernel/store.svelte';
import { sync } from '../kernel/sync';
import { setAside } from './asides';
import { endOf } from './model';
import { bring } from './transport';
import { FileLinkType, FileNodeType, type FileLink, type FileNode, type Receipt } from './types';
import { Tree } from './uploads.svelte';
import { view } from './view.svelte';

export interface Given {
  account: string;
  link: FileLink;
  node: FileNode | undefined;
}

class Transfers {
  ready = $state(false);

  /** Fetches all of it; from then on it is kept in step. */
  async begin(): Promise<void> {
    sync.register(FileLinkType);
    await Promise.allSettled(
      view.accounts.map(async ({ id }) => {
        if (!store.complete(FileLinkType, id)) await store.fetch(FileLinkType, id, null);
        const missing = store.list(FileLinkType, id).map(({ nodeId }) => nodeId).filter((node) => !store.peek(FileNodeType, id, node));
        await store.load(FileNodeType, id, [...new Set(missing)]);
      }),
    );
    this.ready = true;
  }

  /** The newest first. Reactive. */
  get all(): Given[] {
    return view.accounts
      .flatMap(({ id: account }) => store.list(FileLinkType, account).map((link) => ({ account, link, node: store.read(FileNodeType, account, link.nodeId) })))
      .toSorted((a, b) => b.link.created.localeCompare(a.link.created));
  }

  /** A link by which others put files into a folder, in the clipboard. */
  async request(account: string, folder: FileNode): Promise<void> {
    try {
      await setAside('FileLink', account, { create: { l: { nodeId: folder.id, mode: 'upload', notify: true } } });
      await sync.bring(FileLinkType, account);
      const made = this.all.find(({ link }) => link.nodeId === folder.id && link.mode === 'upload');
      if (made) await navigator.clipboard.writeText(made.link.url);
      notices.show(t('files.requested', { name: folder.name }));
    } catch (error) {
      notices.show(t('files.notDone', { reason: reasonOf(error) }), { tone: 'danger' });
    }
  }
}

export function nameOf({ node, link }: Given): string {
  return node?.name ?? link.name;
}

export function isOver({ link, node }: Given): boolean {
  return endOf(link) !== null || node === undefined;
}

/** What was taken or brought by a link, the newest first. Rejects with JmapError. */
export async function receiptsOf({ account, link }: Given): Promise<Receipt[]> {
  const { list } = await jmap.call<{ list: { receipts: Receipt[] }[] }>('FileLink/get', { accountId: account, ids: [link.id], properties: ['receipts'] });
  return list[0]?.receipts ?? [];
}

/** Files of this device as nodes of one's own, where what was sent is kept: one of them, or a folder of its own for
 * several; `told` gets the part that is there. */
export async function brought(files: File[], name: string, told: (part: number) => void, signal: AbortSignal): Promise<FileNode | undefined> {
  const account = view.home;
  const around = await new Tree(account, null).folder(t('files.transfersFolder'));
  const called = name.replaceAll('/', '-').trim().slice(0, 60) || new Date().toISOString().slice(0, 10);
  const folder = files.length > 1 ? await made(account, { parentId: around, nodeType: 'directory', name: called }) : null;
  const all = files.reduce((sum, { size }) => sum + size, 0) || 1;
  let [before, last] = [0, folder];
  for (const file of files) {
    const blobId = await bring(account, file, (part) => told((before + part * file.size) / all), signal);
    const type = /^[\w.+-]+\/[\w.+-]+$/.test(file.type) ? file.type : null;
    last = await made(account, { parentId: folder ?? around, nodeType: 'file', name: file.name, blobId, type });
    before += file.size;
  }
  const id = (folder ?? last)!;
  await store.load(FileNodeType, account, [id]);
  return store.peek(FileNodeType, account, id);
}

/** A new node; its id. Rejects with JmapError. */
async function made(accountId: string, node: Arguments): Promise<string> {
  const answer = await jmap.call<{ created?: Record<string, { id: string }> | null; notCreated?: Record<string, { type: string; description?: string }> | null }>('FileNode/set', { accountId, create: { n: node }, onExists: 'rename' });
  const refused = answer.notCreated?.n;
  if (refused) throw new JmapError(refused.type, refused.description ?? refused.type);
  return answer.created!.n!.id;
}

export interface Wish {
  recipients: string[];
  subject: string;
  message: string;
  expires: string | null;
  password: string;
  maxUses: number;
  notify: boolean;
}

/** A letter with a link of their own to each of some people. Rejects with JmapError. */
export async function send(account: string, nodes: FileNode[], wish: Wish): Promise<void> {
  const { password, ...rest } = wish;
  await jmap.call('FileTransfer/send', { accountId: account, nodeIds: nodes.map(({ id }) => id), ...rest, ...(password ? { password } : {}) });
  await sync.bring(FileLinkType, account).catch(() => undefined);
}

export const transfers = new Transfers();
