/** What can be done to files: each is shown at once, goes through the outbox, and can be undone. */
import { openShare } from '../kernel/features';
import { t, type MessageKey } from '../kernel/i18n.svelte';
import { jmap, JmapError } from '../kernel/jmap';
import { notices } from '../kernel/notices.svelte';
import { outbox, type Action, type Undoable } from '../kernel/outbox.svelte';
import type { Patch } from '../kernel/patch';
import { reasonOf } from '../kernel/reasons';
import { saveAs } from '../kernel/save';
import { store } from '../kernel/store.svelte';
import { FileNodeType, type FileNode } from './types';
import { ui } from './ui.svelte';
import { view } from './view.svelte';

/** Tells what was done, with the way back. */
export function report(key: MessageKey, holes: Record<string, string | number>, action: Undoable): void {
  notices.show(t(key, holes), { action: { label: t('ui.undo'), keys: 'Z', run: () => action.undo() } });
}

/** What nodes are called together: the name of one, else nothing. */
function holesOf(nodes: FileNode[], more: Record<string, string> = {}): Record<string, string | number> {
  return { count: nodes.length, name: nodes[0]?.name ?? '', ...more };
}

/** After nodes left the list: nothing stays chosen or open. */
function leave(nodes: FileNode[]): void {
  view.choose([]);
  if (nodes.some(({ id }) => id === view.open)) view.close();
  view.cursor = Math.max(0, Math.min(view.cursor, (view.query?.length ?? 1) - 1));
}

/** A folder in the place that is open; resolves with its id. */
export async function createFolder(name: string, account = view.account, parentId = view.place.id): Promise<string> {
  const now = `${new Date().toISOString().slice(0, 19)}Z`;
  const [id] = await outbox.create(FileNodeType, account, { parentId, nodeType: 'directory', name: name.trim(), created: now, modified: now }).done;
  return id as string;
}

export function rename(node: FileNode, name: string): Action {
  const action = outbox.update(FileNodeType, view.account, { [node.id]: { name: name.trim() } });
  report('files.renamed', { name: name.trim() }, action);
  return action;
}

/** Puts nodes into another folder of their account; `null` is its top. */
export function move(nodes: FileNode[], parentId: string | null, told: MessageKey = 'files.moved'): void {
  const going = nodes.filter((node) => node.parentId !== parentId && node.id !== parentId);
  if (!going.length) return;
  const { account } = view;
  const action = outbox.update(FileNodeType, account, Object.fromEntries(going.map((node) => [node.id, { parentId }])));
  const target = parentId ? store.peek(FileNodeType, account, parentId)?.name : view.nameOf(account);
  report(told, holesOf(going, { folder: target ?? '' }), action);
  leave(going);
}

/** Into the trash; what lies there already is destroyed once that is confirmed. */
export function trash(nodes = view.targets()): void {
  const going = nodes.filter((node) => node.myRights.mayDelete);
  const first = going[0];
  if (!first) return;
  if (view.place.kind === 'trash') ui.destroying = going;
  else if (view.trash) move(going, view.trash, 'files.trashed');
  else ui.destroying = going;
}

/** Destroys for good, or gives to the trash of whoever shares it, after the time in which it can be undone. */
export function destroy(nodes: FileNode[]): void {
  const action = outbox.destroy(FileNodeType, view.account, nodes.map(({ id }) => id), { hold: 7_500 });
  report(view.givesBack ? 'files.trashed' : 'files.destroyed', holesOf(nodes), action);
  leave(nodes);
}

/** Chooses everything in the trash, to be destroyed once that is confirmed. */
export async function clearTrash(): Promise<void> {
  const { query } = view;
  if (view.place.kind !== 'trash' || !query) return;
  await query.ensure(0, query.length);
  view.chooseAll();
  trash();
}

/** The folder something in the trash was in; the top when that is gone. */
function homeOf({ trashed }: FileNode): string | null {
  const id = trashed!.parentId;
  return id && store.entry(FileNodeType, view.account, id).status !== 'missing' ? id : null;
}

/** Back to where they were. */
export async function restore(nodes = view.targets()): Promise<void> {
  const going = nodes.filter((node) => node.trashed);
  if (!going.length) return;
  const homes = going.map((node) => node.trashed!.parentId).filter((id) => id !== null);
  await store.load(FileNodeType, view.account, homes.filter((id) => store.entry(FileNodeType, view.account, id).status === 'empty'));
  const action = outbox.update(FileNodeType, view.account, Object.fromEntries(going.map((node) => [node.id, { parentId: homeOf(node), name: node.trashed!.name }])));
  report('files.restored', holesOf(going), action);
  leave(going);
}

export function favourite(nodes = view.targets()): void {
  const on = !nodes.every((node) => node.isFavourite);
  const changes: Record<string, Patch> = Object.fromEntries(nodes.map(({ id }) => [id, { isFavourite: on }]));
  outbox.update(FileNodeType, view.account, changes);
}

/** Opening a file is remembered, for the recent ones; that is not an action to undo. */
export function opened(account: string, node: FileNode): void {
  if (node.opened && Date.now() - Date.parse(node.opened) < 60_000) return;
  outbox.update(FileNodeType, account, { [node.id]: { opened: `${new Date().toISOString().slice(0, 19)}Z` } }, { undoable: false });
}

/** Where something goes to, under which name. */
interface Going {
  id: string;
  parentId: string | null;
  name: string;
}

interface Answer {
  created: Record<string, { id: string }> | null;
  notCreated: Record<string, { type: string; description?: string }> | null;
}

/** Copies things into another account, or moves them there; the server gives them free names. Resolves with their ids there by their ids here: what was refused is told, and is not among them. */
async function carried(from: string, to: string, going: Going[], onSuccessDestroyOriginal = false): Promise<Map<string, string>> {
  try {
    const create = Object.fromEntries(going.map((one) => [one.id, one]));
    const { created, notCreated } = await jmap.call<Answer>('FileNode/copy', { fromAccountId: from, accountId: to, create, onExists: 'rename', onSuccessDestroyOriginal });
    const [refused] = Object.values(notCreated ?? {});
    if (refused) failed(new JmapError(refused.type, refused.description ?? refused.type));
    const there = new Map(Object.entries(created ?? {}).map(([id, made]) => [id, made.id]));
    if (onSuccessDestroyOriginal) store.remove(FileNodeType, from, [...there.keys()]);
    return there;
  } catch (error) {
    failed(error);
    return new Map();
  }
}

function failed(error: unknown): void {
  notices.show(t('files.notDone', { reason: reasonOf(error) }), { tone: 'danger' });
}

/** Moves nodes into a folder of another account, where they stay what they are: with their ids, their versions, their comments. */
export async function moveAway(nodes: FileNode[], account: string, parentId: string | null): Promise<void> {
  const from = view.account;
  const there = await carried(from, account, nodes.map(({ id, name }) => ({ id, parentId, name })), true);
  const gone = nodes.filter(({ id }) => there.has(id));
  if (!gone.length) return;
  let done = false;
  const moved: Undoable = {
    undo: () => {
      if (done) return false;
      done = true;
      void carried(account, from, gone.map(({ id, parentId: home, name }) => ({ id: there.get(id)!, parentId: home, name })), true);
      return true;
    },
  };
  outbox.remember(moved);
  const folder = (parentId && store.peek(FileNodeType, account, parentId)?.name) || view.nameOf(account);
  report('files.moved', holesOf(gone, { folder }), moved);
  if (view.account === from) leave(gone);
}

/** Copies of nodes in a folder of an account. */
export async function copy(nodes: FileNode[], account: string, parentId: string | null): Promise<void> {
  const made = await carried(view.account, account, nodes.map(({ id, name }) => ({ id, parentId, name })));
  if (made.size) notices.show(t('files.copied', holesOf(nodes.filter(({ id }) => made.has(id)))));
}

export function share(node: FileNode | undefined = view.targets()[0]): void {
  if (!node?.myRights.mayShare) return;
  const read = ['mayRead'];
  const write = [...read, 'mayAddChildren', 'mayRename', 'mayModifyContent', 'mayDelete'];
  void openShare.open({
    type: FileNodeType,
    accountId: view.account,
    id: node.id,
    name: node.name,
    levels: [
      { label: t('files.mayRead'), rights: read },
      { label: t('files.mayWrite'), rights: write },
      { label: t('files.mayManage'), rights: [...write, 'mayShare'] },
    ],
  });
}

/** The address a file is downloaded from, or shown from when it is `inline`. */
export function urlOf(account: string, node: FileNode, inline = false): string {
  return jmap.downloadUrl(account, node.blobId ?? '', node.name, node.type ?? 'application/octet-stream') + (inline ? '&disposition=inline' : '');
}

/** Nodes that one archive takes, and how many of them may be named in its address. */
const ARCHIVE = { nodes: 100_000, named: 500 };

/** The address of an archive with all of some nodes of an account. */
function archiveUrl(account: string, nodes: FileNode[], name: string): string {
  return `/files/archive/${encodeURIComponent(name)}?${new URLSearchParams({ accountId: account, ids: nodes.map(({ id }) => id).join(',') })}`;
}

/** Fetches a file as it is; a folder, or several of anything, as one ZIP. */
export function download(nodes = view.targets()): void {
  const [first] = nodes;
  if (!first) return;
  if (nodes.length === 1 && first.scan === 'infected') {
    notices.show(t('files.infected'), { tone: 'danger' });
  } else if (nodes.length === 1 && first.blobId) {
    saveAs(urlOf(view.account, first), first.name);
  } else if (nodes.length > ARCHIVE.named || nodes.reduce((sum, node) => sum + 1 + (node.childCount ?? 0), 0) > ARCHIVE.nodes) {
    notices.show(t('files.tooManyForArchive'));
  } else {
    const name = `${nodes.length === 1 ? first.name : (view.folder?.name ?? t('files.archive'))}.zip`;
    saveAs(archiveUrl(view.account, nodes, name), name);
  }
}
