/** A small picture beside a large one, since the server cannot make it of what it cannot read. */

const SIDE = 800;
/** Pictures of fewer bytes are shown as they are. */
const LIGHT = 200_000;

export interface Small {
  blob: Blob;
  info: { w: number; h: number; mimetype: string; size: number };
}

/** The picture smaller; null for a light one, and for what is none. */
export async function smaller(file: Blob): Promise<Small | null> {
  if (file.size < LIGHT) return null;
  try {
    const whole = await createImageBitmap(file);
    const ratio = Math.min(1, SIDE / Math.max(whole.width, whole.height));
    const [w, h] = [Math.round(whole.width * ratio), Math.round(whole.height * ratio)];
    const canvas = new OffscreenCanvas(w, h);
    canvas.getContext('2d')!.drawImage(whole, 0, 0, w, h);
    const blob = await canvas.convertToBlob({ type: 'image/webp', quality: 0.8 });
    return { blob, info: { w, h, mimetype: blob.type, size: blob.size } };
  } catch {
    return null;
  }
}
