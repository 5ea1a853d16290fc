/** Which of the files screen's dialogs are open, and what is dragged. */
import type { FileNode } from './types';

class FilesUi {
  drawer = $state(false);
  /** A name is asked for: of a new folder, or another one of a node. */
  naming = $state.raw<{ kind: 'folder' } | { kind: 'rename'; node: FileNode } | null>(null);
  /** Nodes that a folder is chosen for. */
  moving = $state.raw<{ nodes: FileNode[]; copy: boolean } | null>(null);
  /** What is to be sent to people outside; empty to choose it first. */
  sending = $state.raw<{ account: string; nodes: FileNode[] } | null>(null);
  /** What is to be destroyed for good, once confirmed; null for nothing. */
  destroying = $state.raw<FileNode[] | null>(null);
  /** What is shown beside the open file: itself, or what is known about it. */
  side = $state<'file' | 'details'>('file');
  /** Where a PDF that is opened by a citation begins. */
  page = 1;
  dragged: FileNode[] = [];
}

export const ui = new FilesUi();
/** What is dragged carries this type; what it is, is in `ui.dragged`. */
export const DRAGGED = 'application/x-parvis-files';
