/** Pictures of files, as the server makes them where a hostile file can do no harm. */
import { jmap } from '../kernel/jmap';
import { kindOf } from './model';
import { FILES, type FileNode } from './types';

const PICTURED = new Set(['image', 'pdf', 'text', 'document', 'sheet', 'slides']);

/** The address of a picture of a file, 256 or 1024 pixels at its longer side; null when there is none of its kind. */
export function thumbOf(account: string, node: FileNode, side: 256 | 1024 = 256): string | null {
  if (!node.blobId || node.scan === 'infected' || !PICTURED.has(kindOf(node)) || !jmap.has(FILES)) return null;
  return `/files/preview/${encodeURIComponent(account)}/${encodeURIComponent(node.id)}?side=${side}&v=${node.version}`;
}
