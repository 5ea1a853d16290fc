/** The kinds of records that files are made of: draft-ietf-jmap-filenode, and what Parvis adds to it. */
import { defineType } from '../kernel/store.svelte';

export const FILENODE = 'urn:ietf:params:jmap:filenode';
export const FILES = 'urn:parvis:files';

export interface FileRights {
  mayRead: boolean;
  mayAddChildren: boolean;
  mayRename: boolean;
  mayDelete: boolean;
  mayModifyContent: boolean;
  mayShare: boolean;
}

/** A folder or a file. */
export interface FileNode {
  id: string;
  /** null at the top of the account. */
  parentId: string | null;
  nodeType: 'file' | 'directory' | 'symlink' | null;
  blobId: string | null;
  size: number | null;
  name: string;
  type: string | null;
  created: string | null;
  modified: string | null;
  changed: string;
  myRights: FileRights;
  shareWith: Record<string, Partial<FileRights>> | null;
  role: string | null;
  tags: Record<string, true>;
  isFavourite: boolean;
  /** When the person opened it last. */
  opened: string | null;
  /** How many contents it has had. */
  version: number;
  createdBy: string | null;
  changedBy: string | null;
  /** Of a folder: nodes below it, at any depth, and the bytes of its files. */
  childCount: number | null;
  treeSize: number | null;
  /** What a look for viruses found in a file; null where nothing looks, or has not yet. Nobody gets the bytes of an infected one. */
  scan: 'clean' | 'infected' | 'unread' | null;
  /** Of what lies in the trash itself. */
  trashed: { date: string; by: string | null; parentId: string | null; name: string } | null;
}

/** What is moved to where its name is taken gets another one; what is destroyed takes along what is in it. */
export const FileNodeType = defineType<FileNode>({
  name: 'FileNode',
  capability: FILENODE,
  properties: ['id', 'parentId', 'nodeType', 'blobId', 'size', 'name', 'type', 'created', 'modified', 'changed', 'myRights', 'shareWith', 'role', 'tags', 'isFavourite', 'opened', 'version', 'createdBy', 'changedBy', 'childCount', 'treeSize', 'scan', 'trashed'],
  set: { onExists: 'rename', onDestroyRemoveChildren: true },
});

/** What a file held before. */
export interface FileVersion {
  id: string;
  nodeId: string;
  number: number;
  blobId: string;
  size: number;
  type: string;
  created: string;
  createdBy: string | null;
  /** One with a name stays until it is destroyed. */
  label: string;
}

export interface FileComment {
  id: string;
  nodeId: string;
  body: string;
  authorId: string;
  authorName: string;
  created: string;
}

/** A link for people without an account here. */
export interface FileLink {
  id: string;
  nodeId: string;
  url: string;
  mode: 'view' | 'download' | 'upload';
  name: string;
  hasPassword: boolean;
  expires: string | null;
  maxUses: number;
  uses: number;
  recipient: string;
  created: string;
  /** When it was used last. */
  lastUse: string | null;
}

/** One use of a link. */
export interface Receipt {
  what: 'download' | 'upload';
  name: string;
  size: number;
  time: string;
}

/** All links of an account; their receipts are asked for when they are shown. */
export const FileLinkType = defineType<FileLink>({
  name: 'FileLink',
  capability: FILES,
  whole: true,
  properties: ['id', 'nodeId', 'url', 'mode', 'name', 'hasPassword', 'expires', 'maxUses', 'uses', 'recipient', 'created', 'lastUse'],
});
