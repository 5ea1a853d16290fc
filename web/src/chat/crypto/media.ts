/** Files of encrypted rooms, fetched and opened. */
import { mediaUrl } from '../matrix';
import { openFile, type SealedFile } from './attachments';

/** What the browser may show by itself: of pictures those that can hold no script. */
const SHOWN = /^(?:image\/(?:png|jpeg|gif|webp|avif|bmp)|audio\/[\w.+-]+|video\/[\w.+-]+)$/;

/** Whether something is told as a file of an encrypted room. */
export function isSealedFile(said: unknown): said is SealedFile {
  const { url, key, iv, hashes } = (said ?? {}) as Partial<SealedFile>;
  return typeof url === 'string' && typeof iv === 'string' && typeof key?.k === 'string' && typeof hashes?.sha256 === 'string';
}

/** The file as it was sent; of a type that nothing is run by. Throws when it is not there, or is another. */
export async function fetchFile(file: SealedFile, type: string, signal?: AbortSignal): Promise<Blob> {
  const answer = await fetch(mediaUrl(file.url), { signal: signal ?? null });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return new Blob([await openFile(await answer.arrayBuffer(), file)], { type: SHOWN.test(type) ? type : 'application/octet-stream' });
}
