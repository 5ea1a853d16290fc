/** Brings the bytes of a file to the server: small ones in one request, large ones by tus, which goes on where it was cut. */
import type { BringRequest } from '../kernel/features';
import { jmap, JmapError, refusalOf } from '../kernel/jmap';
import { FILENODE, FILES } from './types';

/** Above this a cut connection would cost too much to begin anew. */
const LARGE = 8_000_000;
const CHUNK = 16_000_000;
const RETRIES = [0, 1_000, 3_000, 8_000, 20_000, 60_000];

/** Where the server takes uploads by tus. */
const TUS = '/files/uploads';

/** Uploads; answers with the id of the blob. `told` gets the part that is there, from 0 to 1. */
export async function bring(account: string, file: File, told: (part: number) => void, signal: AbortSignal): Promise<string> {
  if (file.size > LARGE && jmap.has(FILES)) return resumable(account, file, told, signal);
  const most = jmap.limit('maxSizeUpload', Infinity);
  if (file.size > most) throw new JmapError('tooLarge', 'the file is too large', { most });
  const { blobId } = await jmap.upload(account, file, told, signal);
  return blobId;
}

/** The same into the person's own account, for other rooms. */
export async function bringOwn({ file, told, signal }: BringRequest): Promise<{ accountId: string; blobId: string }> {
  const accountId = jmap.primary(FILENODE);
  return { accountId, blobId: await bring(accountId, file, told, signal) };
}

async function resumable(account: string, file: File, told: (part: number) => void, signal: AbortSignal): Promise<string> {
  const { Upload } = await import('tus-js-client');
  return new Promise((resolve, reject) => {
    let blobId = '';
    const upload = new Upload(file, {
      endpoint: TUS,
      chunkSize: CHUNK,
      retryDelays: RETRIES,
      removeFingerprintOnSuccess: true,
      metadata: { accountId: account, filename: file.name, filetype: file.type || 'application/octet-stream' },
      headers: { 'X-Parvis': '1' },
      onProgress: (sent, all) => told(all ? sent / all : 1),
      onAfterResponse: (_request, answer) => {
        blobId = answer.getHeader('X-Parvis-Blob') ?? blobId;
      },
      onSuccess: () => (blobId ? resolve(blobId) : reject(new JmapError('serverFail', 'the upload has no blob'))),
      onError: (error) => {
        const answer = 'originalResponse' in error ? error.originalResponse : null;
        reject(new JmapError(answer ? refusalOf(answer.getStatus()) : 'offline', error.message));
      },
    });
    signal.addEventListener('abort', () => {
      void upload.abort(true).catch(() => undefined);
      reject(new JmapError('cancelled', 'cancelled'));
    });
    void upload.findPreviousUploads().then(([before]) => {
      if (before) upload.resumeFromPreviousUpload(before);
      upload.start();
    });
  });
}
