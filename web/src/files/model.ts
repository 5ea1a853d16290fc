/** Files as pure functions: how they look, how they are named and sorted, where they lie. */
import type { FileLink, FileNode } from './types';

export type Kind = 'folder' | 'image' | 'pdf' | 'text' | 'sheet' | 'slides' | 'document' | 'audio' | 'video' | 'archive' | 'mail' | 'code' | 'other';

/** A name and its ending, with the dot; `.tar.gz` is one ending, and a name that begins with its dot has none. */
export function splitName(name: string): [stem: string, ending: string] {
  const match = /^(.+?)((?:\.tar)?\.[^.\s]{1,12})$/.exec(name);
  return match ? [match[1]!, match[2]!] : [name, ''];
}

/** What stands on the badge of a file: its ending, four letters at most. */
export function badge(name: string): string {
  const ending = splitName(name)[1].slice(1).replace(/^tar\./, '');
  return ending.length > 4 ? '' : ending;
}

const ENDINGS: [Kind, RegExp][] = [
  ['sheet', /^(xlsx?|ods|csv|tsv)$/],
  ['slides', /^(pptx?|odp|key)$/],
  ['document', /^(docx?|odt|rtf|pages)$/],
  ['archive', /^(zip|tar|gz|tgz|bz2|xz|7z|rar|zst)$/],
  ['mail', /^(eml|mbox)$/],
  ['code', /^(js|ts|py|rs|go|c|h|cpp|java|rb|sh|sql|css|html?|xml|json|ya?ml|toml|svelte|php|ics|vcf)$/],
  ['text', /^(txt|md|log|ini|conf)$/],
];

/** What a node is, by its media type where that says something, else by its ending. */
export function kindOf(node: Pick<FileNode, 'nodeType' | 'type' | 'name'>): Kind {
  if (node.nodeType === 'directory') return 'folder';
  const type = node.type ?? '';
  if (type.startsWith('image/')) return 'image';
  if (type.startsWith('audio/')) return 'audio';
  if (type.startsWith('video/')) return 'video';
  if (type === 'application/pdf') return 'pdf';
  const ending = splitName(node.name)[1].split('.').at(-1)!.toLowerCase();
  const found = ENDINGS.find(([, endings]) => endings.test(ending));
  if (found) return found[0];
  return type.startsWith('text/') ? 'text' : 'other';
}

const HUES: Record<Kind, number> = { folder: 192, image: 150, pdf: 27, text: 210, sheet: 145, slides: 45, document: 255, audio: 330, video: 300, archive: 70, mail: 192, code: 235, other: 210 };

export function hueOfKind(kind: Kind): number {
  return HUES[kind];
}

const TEXT_MOST = 2_000_000;

export type Viewer = 'image' | 'pdf' | 'mail' | 'text' | 'audio' | 'video';

/** How a file can be shown here; null when it can only be downloaded. */
export function viewerOf(node: Pick<FileNode, 'nodeType' | 'type' | 'name' | 'size'>): Viewer | null {
  const kind = kindOf(node);
  if (kind === 'image') return /^image\/(png|jpe?g|gif|webp|avif|bmp|svg\+xml|x-icon|vnd\.microsoft\.icon)$/.test(node.type ?? '') ? 'image' : null;
  if (kind === 'pdf' || kind === 'audio' || kind === 'video') return kind;
  if (node.type === 'message/rfc822' || /\.eml$/i.test(node.name)) return 'mail';
  const readable = kind === 'text' || kind === 'code' || kind === 'mail' || /\.(csv|tsv)$/i.test(node.name);
  return readable && (node.size ?? 0) <= TEXT_MOST ? 'text' : null;
}

export type NameFault = 'empty' | 'slash' | 'dots' | 'long' | 'taken';

/** What is wrong with a name, or null. `others` are the names that are taken where it is to be. */
export function nameFault(name: string, others: Iterable<string> = []): NameFault | null {
  const trimmed = name.trim().normalize('NFC');
  if (!trimmed) return 'empty';
  if (trimmed === '.' || trimmed === '..') return 'dots';
  if (/[/\p{Cc}]/u.test(trimmed)) return 'slash';
  if (new TextEncoder().encode(trimmed).length > 255) return 'long';
  for (const other of others) if (other.normalize('NFC') === trimmed) return 'taken';
  return null;
}

/** The folders that a set of files with paths needs, parents first: `a/b/x` needs `a` and `a/b`. */
export function foldersOf(paths: string[]): string[] {
  const found = new Set<string>();
  for (const path of paths) {
    const parts = path.split('/').slice(0, -1);
    parts.forEach((_part, at) => found.add(parts.slice(0, at + 1).join('/')));
  }
  return [...found].sort((a, b) => a.split('/').length - b.split('/').length || a.localeCompare(b));
}

/** Names a node among several accounts; '' as id is the top of the account. */
export function keyOf(account: string, id: string | null): string {
  return `${account}~${id ?? ''}`;
}

export function fromKey(key: string): { account: string; id: string | null } {
  const cut = key.indexOf('~');
  return { account: key.slice(0, Math.max(0, cut)), id: key.slice(cut + 1) || null };
}

export interface Place {
  kind: 'folder' | 'recent' | 'favourites' | 'transfers' | 'trash' | 'tag';
  account: string;
  /** Of a folder its id, null for the top; of what has a tag, the tag. */
  id: string | null;
}

/** The address of a place. The person's own account is not named. */
export function addressOf({ kind, account, id }: Place, home: string): string[] {
  if (kind !== 'folder') return ['files', kind, ...(kind === 'tag' ? [id!] : []), ...(account === home ? [] : [account])];
  if (account === home) return id ? ['files', 'f', id] : ['files'];
  return ['files', 'f', keyOf(account, id)];
}

/** The place of an address; the top of the person's own account when it names none. */
export function placeOf(parts: string[], home: string): Place {
  const [, first, last, more] = parts;
  if (first === 'recent' || first === 'favourites' || first === 'transfers' || first === 'trash') return { kind: first, account: last || home, id: null };
  if (first === 'tag' && last) return { kind: first, account: more || home, id: last };
  if (first !== 'f' || !last) return { kind: 'folder', account: home, id: null };
  return last.includes('~') ? { kind: 'folder', ...fromKey(last) } : { kind: 'folder', account: home, id: last };
}

export type SortBy = 'name' | 'modified' | 'size';
export interface Order {
  by: SortBy;
  ascending: boolean;
}

/** FileNode/query's sort: folders first, then as asked, names last to settle what is equal. */
export function sortOf({ by, ascending }: Order): Record<string, unknown>[] {
  const name = { property: 'name', isAscending: by === 'name' ? ascending : true };
  return [{ property: 'nodeType', isAscending: true }, ...(by === 'name' ? [] : [{ property: by, isAscending: ascending }]), name];
}

/** Pressed again, a column turns round; names begin with A, dates and sizes with the greatest. */
export function nextOrder(order: Order, by: SortBy): Order {
  return { by, ascending: order.by === by ? !order.ascending : by === 'name' };
}

/** Addresses as they are typed: between commas, semicolons, spaces or lines; `Ann <ann@x.example>` too. Those that are
 * none come second. */
export function addressesOf(typed: string): [good: string[], bad: string[]] {
  const named = typed.replace(/[^,;\n<>]*<([^<>]*)>/g, ' $1 ');
  const all = [...new Set(named.split(/[\s,;]+/).filter(Boolean))];
  const good = (one: string) => /^[^\s@<>()]+@[^\s@<>()]+\.[^\s@<>().]+$/.test(one);
  return [all.filter(good), all.filter((one) => !good(one))];
}

/** Whether a link still leads somewhere, and if not, why. */
export function endOf({ expires, maxUses, uses }: Pick<FileLink, 'expires' | 'maxUses' | 'uses'>, now = Date.now()): 'over' | 'used' | null {
  if (expires && Date.parse(expires) <= now) return 'over';
  return maxUses && uses >= maxUses ? 'used' : null;
}
