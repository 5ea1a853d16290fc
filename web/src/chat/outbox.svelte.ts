/** What is said goes out in the order it was written, one after the other in each room; without a network it waits on the device. */
import { SvelteMap } from 'svelte/reactivity';
import { sealFile } from './crypto/attachments';
import { sealing } from './crypto/sealing.svelte';
import { smaller } from './crypto/thumbnail';
import { OTHERS, UNCONFIRMED } from './crypto/types';
import { data } from './data.svelte';
import { ask, MatrixError, room, upload } from './matrix';
import { kindOf } from './people';
import { aimed } from './timeline';
import type { Content, Pending } from './types';
import { whyNot } from './why';

const AGAIN_MS = 5_000;
/** Codes of what waits for the person to decide. */
const HELD = new Set([OTHERS, UNCONFIRMED]);

class Outbox {
  /** How much of a file has been brought, from 0 to 1, by transaction. Reactive. */
  progress = new SvelteMap<string, number>();
  /** Whether what waits could not be sent just now. Reactive. */
  stuck = $state(false);
  private readonly sent = new Map<string, string>();
  private readonly busy = new Set<string>();
  private again: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    sealing.on((news) => 'people' in news && this.release());
  }

  /** Sends an event as soon as it can be; it is shown at once. */
  send(roomId: string, type: string, content: Content, more: Pick<Partial<Pending>, 'file' | 'redacts' | 'after'> = {}): Pending {
    const one: Pending = { txn: crypto.randomUUID(), order: (data.pending.at(-1)?.order ?? 0) + 1, room: roomId, type, content, made: Date.now(), status: 'waiting', ...more };
    data.wait(one);
    this.flush();
    return one;
  }

  /** The id that something has by now which was sent under a transaction. */
  idOf(roomId: string, txn: string): string | undefined {
    return this.sent.get(txn) ?? data.rooms.get(roomId)?.timeline.find(({ unsigned }) => unsigned?.transaction_id === txn)?.event_id;
  }

  /** Tries again what failed. */
  retry(one: Pending): void {
    const { reason: _reason, ...rest } = one;
    data.wait({ ...rest, status: 'waiting' });
    this.flush();
  }

  /** Tries what was held, since an identity or this device is no longer what it was. */
  private release(): void {
    for (const one of data.pending) if (one.status === 'held') this.retry(one);
  }

  drop(txn: string): void {
    this.progress.delete(txn);
    data.done([txn]);
  }

  /** Sends what waits. */
  flush(): void {
    for (const id of new Set(data.pending.map((one) => one.room))) void this.run(id);
  }

  private next(id: string): Pending | undefined {
    return data.pending.find((one) => one.room === id && one.status === 'waiting' && !one.eventId && !((one.after ?? 0) > Date.now()));
  }

  private async run(id: string): Promise<void> {
    const later = data.pending.filter((one) => (one.after ?? 0) > Date.now()).map((one) => one.after!);
    if (later.length) this.soon(Math.min(...later) - Date.now() + 20);
    if (this.busy.has(id)) return;
    this.busy.add(id);
    try {
      for (let one = this.next(id); one; one = this.next(id)) if (!(await this.one(one))) break;
    } finally {
      this.busy.delete(id);
    }
  }

  private soon(ms: number): void {
    clearTimeout(this.again);
    this.again = setTimeout(() => this.flush(), ms);
  }

  /** Sends one; false when it has to wait. */
  private async one(one: Pending): Promise<boolean> {
    try {
      const content = aimed(one.file ? await this.bring(one) : one.content, (txn) => this.idOf(one.room, txn));
      if (!data.pending.some(({ txn }) => txn === one.txn)) return true; // taken back meanwhile
      const sent = one.redacts ? { type: one.type, content } : await sealing.seal(one.room, one.type, content);
      const path = one.redacts ? room(one.room, 'redact', one.redacts, one.txn) : room(one.room, 'send', sent.type, one.txn);
      const { event_id: eventId } = await ask<{ event_id: string }>('PUT', path, { body: sent.content });
      this.sent.set(one.txn, eventId);
      const here = data.rooms.get(one.room)?.timeline.some((event) => event.event_id === eventId);
      if (here || one.redacts) data.done([one.txn]);
      else if (data.pending.some(({ txn }) => txn === one.txn)) data.wait({ ...one, content, eventId });
      this.progress.delete(one.txn);
      this.stuck = false;
      return true;
    } catch (error) {
      if (!(error instanceof MatrixError)) throw error;
      if (error.passing) {
        this.stuck = true;
        this.soon(error.wait || AGAIN_MS);
        return false;
      }
      if (one.redacts) data.hidden.delete(one.redacts);
      const now = data.pending.find(({ txn }) => txn === one.txn); // its file may be there by now
      if (now) data.wait({ ...now, status: HELD.has(error.code) ? 'held' : 'failed', reason: HELD.has(error.code) ? error.message : whyNot(error) });
      return true;
    }
  }

  private async bring(one: Pending): Promise<Content> {
    this.progress.set(one.txn, 0);
    const told = (part: number) => this.progress.set(one.txn, part);
    const known = data.rooms.get(one.room);
    const content = known && kindOf(known) === 'encrypted' ? await this.sealed(one.file!, one.content, told) : { ...one.content, url: await upload(one.file!, String(one.content.filename ?? one.content.body ?? ''), told) };
    const { file: _file, ...rest } = one;
    data.wait({ ...rest, content });
    return content;
  }

  /** A file for an encrypted room: what is stored says nothing, not even its name; large pictures have a small one beside them. */
  private async sealed(file: Blob, content: Content, told: (part: number) => void): Promise<Content> {
    const one = async (blob: Blob, heard: (part: number) => void) => {
      const { stored, file: opens } = await sealFile(blob);
      return { ...opens, url: await upload(stored, '', heard) };
    };
    const small = content.msgtype === 'm.image' ? await smaller(file) : null;
    const thumbnail = small ? { thumbnail_file: await one(small.blob, () => undefined), thumbnail_info: small.info } : {};
    return { ...content, file: await one(file, told), info: { ...(content.info as Content), ...thumbnail } };
  }
}

export const outbox = new Outbox();
