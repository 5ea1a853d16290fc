/** What lies over a screen of the keys: a recovery key that is made or typed, two devices that make sure of each other. */
import { t } from '../../kernel/i18n.svelte';
import { notices } from '../../kernel/notices.svelte';
import { MatrixError } from '../matrix';
import { sealing } from './sealing.svelte';
import { whyNot } from '../why';
import type { Verification } from './types';

class Keys {
  dialog = $state<'make' | 'enter' | 'replace' | null>(null);
  /** The one that goes on, or has just ended. Reactive. */
  verification = $state.raw<Verification | null>(null);
  private readonly put = new Set<string>();

  constructor() {
    sealing.on((news) => {
      if (!('verification' in news)) return;
      const { verification: one } = news;
      const isNew = one.phase === 'asked' && !this.verification;
      if (one.passive && one.flow === this.verification?.flow) this.verification = null; // another device has accepted
      if (one.passive || this.put.has(one.flow) || !(isNew || one.flow === this.verification?.flow)) return;
      if (one.phase === 'ended' && this.verification?.phase === 'asked') this.verification = null;
      else this.verification = one;
    });
  }

  /** Begins with one's own devices: with one of them, or with all that answer. */
  verifyOwn(device?: string): Promise<void> {
    return this.begun(async () => (await sealing.open()).verifyOwn(await hasCamera(), device));
  }

  /** Begins with somebody, by a request in an encrypted room. */
  verifyPerson(user: string, room: string): Promise<void> {
    return this.begun(async () => (await sealing.open()).verifyPerson(user, await sealing.roomOf({ id: room }), await hasCamera()));
  }

  private async begun(work: () => Promise<string>): Promise<void> {
    this.verification = null;
    try {
      const flow = await work();
      this.verification ??= { flow, user: '', device: '', own: true, mine: true, passive: false, phase: 'waiting' };
    } catch (error) {
      notices.show(t('crypto.notBegun', { reason: whyNot(error as MatrixError) }), { tone: 'danger' });
    }
  }

  async accept(): Promise<void> {
    if (this.verification) await (await sealing.open()).verifyAccept(this.verification.flow, await hasCamera());
  }
  async begin(): Promise<void> {
    if (this.verification) await (await sealing.open()).verifyBegin(this.verification.flow);
  }
  async confirm(): Promise<void> {
    if (this.verification) await (await sealing.open()).verifyConfirm(this.verification.flow);
  }
  /** Takes a code that the camera has read; false when it is not the one of this verification. */
  async scan(bytes: Uint8Array): Promise<boolean> {
    return !this.verification || (await sealing.open()).verifyScan(this.verification.flow, bytes);
  }
  /** Ends it; `differs` when the signs were not the same, or the code was not right. */
  async cancel(differs = false): Promise<void> {
    if (this.verification) await (await sealing.open()).verifyCancel(this.verification.flow, differs);
  }

  /** It is looked at no more; what has not ended does so. */
  close(): void {
    const one = this.verification;
    if (one) this.put.add(one.flow);
    if (one && !['done', 'ended'].includes(one.phase)) void this.cancel().catch(() => undefined);
    this.verification = null;
  }
}

async function hasCamera(): Promise<boolean> {
  const found = await navigator.mediaDevices?.enumerateDevices().catch(() => []);
  return !!found?.some(({ kind }) => kind === 'videoinput');
}

export const keys = new Keys();
