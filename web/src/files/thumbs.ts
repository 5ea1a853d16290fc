/** Small pictures of files: for now those that are small and that a browser can draw itself. */
import { jmap } from '../kernel/jmap';
import { viewerOf } from './model';
import type { FileNode } from './types';

const SMALL = 400_000;

/** The address of a picture of a file; null when there is none. */
export function thumbOf(account: string, node: FileNode): string | null {
  if (!node.blobId || viewerOf(node) !== 'image' || (node.size ?? 0) > SMALL) return null;
  return `${jmap.downloadUrl(account, node.blobId, node.name, node.type ?? '')}&disposition=inline`;
}
