/** Choosing files of the device, and reading what was dropped: files with the folders they came in. */
import { view } from './view.svelte';

export interface Picked {
  /** With the folders it came in: `photos/2026/a.jpg`. */
  path: string;
  file: File;
}

/** Reads at most so many files of what was dropped, so that nobody uploads a disk by accident. */
export const MOST_FILES = 20_000;

/** Opens the browser's dialog and begins to upload what is chosen into the open folder. */
export function pick({ folders = false } = {}): void {
  if (!view.mayAdd) return;
  const { account } = view;
  const { id } = view.place;
  const input = document.createElement('input');
  input.type = 'file';
  input.multiple = true;
  input.webkitdirectory = folders;
  input.onchange = () => void send([...(input.files ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file })), account, id);
  input.click();
}

export async function send(picked: Picked[], account: string, folder: string | null): Promise<void> {
  if (!picked.length) return;
  const { uploads } = await import('./uploads.svelte');
  await uploads.add(picked, account, folder);
}

/** What was dropped, folders gone through. The entries have to be taken before anything is awaited. */
export async function dropped(transfer: DataTransfer): Promise<Picked[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry !== null && entry !== undefined);
  if (!entries.length) return [...transfer.files].map((file) => ({ path: file.name, file }));
  const found: Picked[] = [];
  for (const entry of entries) await walk(entry, '', found);
  return found;
}

async function walk(entry: FileSystemEntry, above: string, found: Picked[]): Promise<void> {
  if (found.length >= MOST_FILES) return;
  const path = above + entry.name;
  if (entry.isFile) {
    const file = await new Promise<File | null>((resolve) => (entry as FileSystemFileEntry).file(resolve, () => resolve(null)));
    if (file) found.push({ path, file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // It answers in portions, and with none at the end.
    const some = await new Promise<FileSystemEntry[]>((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (!some.length) return;
    for (const one of some) await walk(one, `${path}/`, found);
  }
}
