/** Files on their way to the server: a few at once, each into its folder, asking where a name is taken. */
import { jmap, JmapError } from '../kernel/jmap';
import { sync } from '../kernel/sync';
import { going } from './going.svelte';
import { foldersOf } from './model';
import type { Picked } from './picking';
import { bring } from './transport';
import { FileNodeType } from './types';

export type Answer = 'both' | 'replace' | 'skip';
const AT_ONCE = 3;

interface Refusal {
  type: string;
  description?: string;
  existingId?: string;
}
interface SetAnswer {
  created?: Record<string, { id: string; name?: string }> | null;
  notCreated?: Record<string, Refusal> | null;
  notUpdated?: Record<string, Refusal> | null;
}

export class Upload {
  status = $state<'waiting' | 'sending' | 'done' | 'failed' | 'skipped'>('waiting');
  /** From 0 to 1. */
  part = $state(0);
  reason = $state('');
  readonly stop = new AbortController();

  constructor(
    readonly path: string,
    readonly file: File,
    readonly account: string,
    /** The folder all of it goes into. */
    readonly folder: string | null,
    /** The folders of its path, made once for all files that were chosen together. */
    readonly tree: Tree,
  ) {}

  get name(): string {
    return this.path.slice(this.path.lastIndexOf('/') + 1);
  }
}

/** The folders that were chosen together: path to id, made when the first file needs them. */
export class Tree {
  private readonly made = new Map<string, Promise<string | null>>();

  constructor(
    private readonly account: string,
    top: string | null,
  ) {
    this.made.set('', Promise.resolve(top));
  }

  folder(path: string): Promise<string | null> {
    let id = this.made.get(path);
    if (!id) this.made.set(path, (id = this.make(path)));
    return id;
  }

  private async make(path: string): Promise<string> {
    const cut = path.lastIndexOf('/');
    const parentId = await this.folder(path.slice(0, Math.max(0, cut)));
    const answer = await jmap.call<SetAnswer>('FileNode/set', { accountId: this.account, create: { f: { parentId, nodeType: 'directory', name: path.slice(cut + 1) } } });
    const refused = answer.notCreated?.f;
    if (refused?.type === 'alreadyExists' && refused.existingId) return refused.existingId;
    if (refused) throw new JmapError(refused.type, refused.description ?? refused.type);
    return answer.created!.f!.id;
  }
}

class Uploads {
  list = $state.raw<Upload[]>([]);
  /** What is asked about: a file whose name is taken. */
  asking = $state.raw<{ upload: Upload; folder: boolean; answer: (answer: Answer, always: boolean) => void } | null>(null);
  private always: Answer | null = null;
  private running = 0;
  private turn: Promise<unknown> = Promise.resolve();

  get active(): Upload[] {
    return this.list.filter(({ status }) => status === 'waiting' || status === 'sending');
  }

  get failed(): Upload[] {
    return this.list.filter(({ status }) => status === 'failed');
  }

  /** The part of all bytes that is there, from 0 to 1. */
  get part(): number {
    const counted = this.list.filter(({ status }) => status !== 'skipped' && status !== 'failed');
    const all = counted.reduce((sum, { file }) => sum + file.size, 0);
    return all ? counted.reduce((sum, one) => sum + one.part * one.file.size, 0) / all : 0;
  }

  /** Begins to upload what was chosen together. */
  async add(picked: Picked[], account: string, folder: string | null): Promise<void> {
    going.begun = true;
    if (!this.active.length) {
      this.list = [];
      this.always = null;
    }
    const tree = new Tree(account, folder);
    this.list = [...this.list, ...picked.map(({ path, file }) => new Upload(path, file, account, folder, tree))];
    window.addEventListener('beforeunload', warn);
    // Folders without a file of their own are made too, before anything is sent.
    for (const path of foldersOf(picked.map((one) => one.path))) await tree.folder(path).catch(() => undefined);
    this.next();
  }

  cancel(upload: Upload): void {
    if (upload.status === 'waiting') upload.status = 'skipped';
    upload.stop.abort();
  }

  cancelAll(): void {
    this.asking?.answer('skip', true);
    for (const one of this.active) this.cancel(one);
  }

  /** Begins again with what failed; what the server has of it already is not sent anew. */
  retry(which = this.failed): void {
    const again = which.map(({ path, file, account, folder }) => new Upload(path, file, account, folder, new Tree(account, folder)));
    this.list = [...this.list.filter((one) => !which.includes(one)), ...again];
    this.next();
  }

  /** The network is back: goes on with what was cut. */
  goOn(): void {
    const cut = this.failed.filter(({ reason }) => reason === 'offline');
    if (cut.length) this.retry(cut);
  }

  clear(): void {
    if (!this.active.length) this.list = [];
  }

  private next(): void {
    const waiting = this.list.filter(({ status }) => status === 'waiting');
    for (const upload of waiting.slice(0, AT_ONCE - this.running)) {
      this.running++;
      upload.status = 'sending';
      void this.run(upload).finally(() => {
        this.running--;
        this.next();
      });
    }
    if (!this.active.length) window.removeEventListener('beforeunload', warn);
  }

  private async run(upload: Upload): Promise<void> {
    try {
      const parentId = await upload.tree.folder(upload.path.slice(0, Math.max(0, upload.path.lastIndexOf('/'))));
      const there = await this.existing(upload, parentId);
      const answer = there ? await this.ask(upload, there.folder) : null;
      if (answer === 'skip' || upload.stop.signal.aborted) {
        upload.status = 'skipped';
        return;
      }
      const blobId = await bring(upload.account, upload.file, (part) => (upload.part = part), upload.stop.signal);
      await this.put(upload, parentId, blobId, answer === 'replace' ? there!.id : null);
      upload.part = 1;
      upload.status = 'done';
      void sync.bring(FileNodeType, upload.account).catch(() => undefined);
    } catch (error) {
      const code = error instanceof JmapError ? error.code : 'serverFail';
      upload.status = code === 'cancelled' ? 'skipped' : 'failed';
      upload.reason = code;
    }
  }

  /** What has the name already. */
  private async existing(upload: Upload, parentId: string | null): Promise<{ id: string; folder: boolean } | null> {
    const batch = jmap.batch();
    const query = batch.add('FileNode/query', { accountId: upload.account, filter: { parentId, name: upload.name.normalize('NFC') }, limit: 1 });
    const get = batch.add<{ list: { id: string; nodeType: string }[] }>('FileNode/get', { accountId: upload.account, '#ids': query.ref('/ids'), properties: ['id', 'nodeType'] });
    await batch.send();
    const [found] = (await get.answer).list;
    return found ? { id: found.id, folder: found.nodeType === 'directory' } : null;
  }

  /** Asks the person, one file after the other, unless they said the same for all. */
  private ask(upload: Upload, folder: boolean): Promise<Answer> {
    const asked = this.turn.then(() => {
      if (upload.stop.signal.aborted) return 'skip';
      if (this.always && !(folder && this.always === 'replace')) return this.always;
      return new Promise<Answer>((resolve) => {
        this.asking = {
          upload,
          folder,
          answer: (answer, always) => {
            this.asking = null;
            if (always) this.always = answer;
            resolve(answer);
          },
        };
      });
    });
    this.turn = asked;
    return asked as Promise<Answer>;
  }

  /** A file of the blob; one that is replaced keeps what it held as a version. */
  private async put(upload: Upload, parentId: string | null, blobId: string, replaced: string | null): Promise<void> {
    const { file, name, account } = upload;
    const modified = `${new Date(file.lastModified).toISOString().slice(0, 19)}Z`;
    const type = /^[\w.+-]+\/[\w.+-]+$/.test(file.type) ? file.type : null;
    const change = replaced
      ? { update: { [replaced]: { blobId, modified, ...(type ? { type } : {}) } } }
      : { create: { n: { parentId, nodeType: 'file', name, blobId, type, modified } }, onExists: 'rename' };
    const answer = await jmap.call<SetAnswer>('FileNode/set', { accountId: account, ...change });
    const refused = answer.notCreated?.n ?? (replaced ? answer.notUpdated?.[replaced] : undefined);
    if (refused) throw new JmapError(refused.type, refused.description ?? refused.type);
  }
}

/** Closing the page would cut what is being sent. */
function warn(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

export const uploads = new Uploads();
