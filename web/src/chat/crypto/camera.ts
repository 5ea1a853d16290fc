/** The camera of this device, for as long as a code is looked for. */
import { read } from './code';

/** Milliseconds between two looks. */
const PAUSE = 120;
/** Pixels of the longer side that are looked at: enough for a code, and quick on a phone. */
const SIDE = 960;

export type Seen = 'opening' | 'on' | 'refused' | 'none';

/** Shows what the camera behind sees and calls `found` with each code, until that answers true. The result stops it. */
export function watch(video: HTMLVideoElement, told: (seen: Seen) => void, found: (bytes: Uint8Array) => Promise<boolean>): () => void {
  let stream: MediaStream | undefined;
  let stopped = false;
  const stop = () => {
    stopped = true;
    stream?.getTracks().forEach((track) => track.stop());
  };
  void (async () => {
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
    } catch (error) {
      return told((error as DOMException).name === 'NotAllowedError' ? 'refused' : 'none');
    }
    if (stopped) return stop(); // closed while it was being asked for
    video.srcObject = stream;
    await video.play().catch(() => undefined); // taken away meanwhile
    told('on');
    while (!stopped) {
      const bytes = look(video);
      if (bytes && (await found(bytes))) return stop();
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  })();
  return stop;
}

const canvas = document.createElement('canvas');
const context = canvas.getContext('2d', { willReadFrequently: true })!;

function look(video: HTMLVideoElement): Uint8Array | null {
  const { videoWidth: width, videoHeight: height } = video;
  if (!width || !height) return null;
  const scale = Math.min(1, SIDE / Math.max(width, height));
  [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
  context.drawImage(video, 0, 0, canvas.width, canvas.height);
  return read(context.getImageData(0, 0, canvas.width, canvas.height));
}
