/** Records what is said into a file, where the browser and the person allow it. */
const TYPES = ['audio/ogg;codecs=opus', 'audio/webm;codecs=opus', 'audio/mp4'];
const MOST_SECONDS = 600;

class Recorder {
  /** How long it has been recording; null when it is not. Reactive. */
  seconds = $state<number | null>(null);
  readonly possible = 'MediaRecorder' in globalThis && !!navigator.mediaDevices;
  private recorder: MediaRecorder | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;
  private parts: Blob[] = [];

  /** Begins, or ends and answers with the file. */
  async toggle(name: string): Promise<File | null> {
    if (this.recorder) return this.end(name);
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true }).catch(() => null);
    if (!stream) return null;
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type)) ?? '';
    this.parts = [];
    this.recorder = new MediaRecorder(stream, mimeType ? { mimeType } : {});
    this.recorder.ondataavailable = (event) => this.parts.push(event.data);
    this.recorder.start();
    this.seconds = 0;
    this.timer = setInterval(() => (this.seconds ?? 0) < MOST_SECONDS && this.seconds!++, 1_000);
    return null;
  }

  cancel(): void {
    this.recorder?.stream.getTracks().forEach((track) => track.stop());
    clearInterval(this.timer);
    this.recorder = this.seconds = null;
  }

  private end(name: string): Promise<File> {
    const recorder = this.recorder!;
    return new Promise((resolve) => {
      recorder.onstop = () => {
        const type = recorder.mimeType.split(';')[0]!;
        this.cancel();
        resolve(new File(this.parts, `${name}.${type.split('/')[1]}`, { type }));
      };
      recorder.stop();
    });
  }
}

export const recorder = new Recorder();
