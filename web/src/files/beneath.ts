/** What lies beneath a folder is no change of it: folders of the list are asked for again as one comes there, and once
 * the account's files have changed and rest. */
import type { Query } from '../kernel/query.svelte';
import { store } from '../kernel/store.svelte';
import { sync } from '../kernel/sync';
import { FileNodeType, type FileNode } from './types';

const REST_MS = 1000;

/** Keeps the sizes of a list's folders in step; returns what ends that. */
export function followBeneath(list: Query<FileNode>): () => void {
  const { account, typeName } = list;
  let resting: ReturnType<typeof setTimeout> | undefined;
  const ask = () => {
    const folders: string[] = [];
    list.eachLoaded((_row, id) => store.peek(FileNodeType, account, id)?.nodeType === 'directory' && folders.push(id));
    if (folders.length) void store.fetch(FileNodeType, account, folders).catch(() => undefined);
  };
  const refresh = async () => {
    clearTimeout(resting);
    resting = setTimeout(ask, REST_MS);
  };
  const stop = sync.watch({ account, typeName, refresh });
  void refresh();
  return () => {
    clearTimeout(resting);
    stop();
  };
}
