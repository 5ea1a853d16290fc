/** Rules tried on mail that is here: what they would do, message by message, and doing it. */
import { t } from '../../kernel/i18n.svelte';
import { notices } from '../../kernel/notices.svelte';
import type { Rule } from './rules';
import * as server from './server';
import type { Trial } from './server';

const PAGE = 100;
const POLL_MS = 400;

export class Tried {
  looked = $state(0);
  total = $state(0);
  /** Messages that would change. */
  found = $state.raw<Trial[]>([]);
  status = $state<'looking' | 'looked' | 'applying' | 'done' | 'failed'>('looking');
  changed = $state(0);
  private blobId = '';
  private stopped = false;

  constructor(
    private readonly rules: Rule[],
    private readonly mailboxId: string,
    private readonly mailboxPath: string,
  ) {}

  /** Looks through the mailbox, newest first. */
  async look(): Promise<void> {
    try {
      this.blobId = await server.put(this.rules);
      const ids = await server.messagesOf(this.mailboxId);
      this.total = ids.length;
      for (let from = 0; from < ids.length && !this.stopped; from += PAGE) {
        const trials = await server.preview(this.blobId, ids.slice(from, from + PAGE));
        this.looked = Math.min(ids.length, from + PAGE);
        this.found = [...this.found, ...trials.filter((trial) => effects(trial, this.mailboxPath).length)];
      }
      if (!this.stopped) this.status = 'looked';
    } catch {
      this.status = 'failed';
    }
  }

  /** Nobody looks at it any more; what is being applied goes on. */
  stop(): void {
    this.stopped = true;
  }

  /** Does it; the end is told with a way back, wherever the person is by then. */
  async apply(): Promise<void> {
    this.status = 'applying';
    let jobId = '';
    const undo = () => (this.changed ? { action: { label: t('ui.undo'), run: () => void back(jobId) } } : {});
    try {
      jobId = await server.apply(this.blobId, this.found.map((trial) => trial.emailId));
      for (;;) {
        const { state, error, changed, looked } = await server.progress(jobId);
        [this.changed, this.looked] = [changed, looked];
        if (state === 'done') break;
        if (error) throw new Error(error);
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
      this.status = 'done';
      notices.show(t('filters.applied', { count: this.changed }), { stay: 15_000, ...undo() });
    } catch {
      this.status = 'failed';
      notices.show(t('filters.notApplied'), { tone: 'danger', stay: 15_000, ...undo() });
    }
  }
}

async function back(jobId: string): Promise<void> {
  try {
    await server.undo(jobId);
    notices.show(t('ui.undone'), { stay: 2_500 });
  } catch {
    notices.show(t('filters.notUndone'), { tone: 'danger', action: { label: t('ui.retry'), run: () => void back(jobId) } });
  }
}

/** What would change for a message in a mailbox: not what is so already, nor what is done when mail arrives only. */
export function effects({ actions, keywords }: Trial, mailboxPath: string): { action: string; target: string }[] {
  const known = new Set(keywords.map((one) => one.toLowerCase()));
  const fresh = (flag: string) => known.has(flag.toLowerCase().replace(/^\\/, '$'));
  return actions
    .filter(({ isDone }) => isDone)
    .map(({ action, target }) => ({ action, target: action === 'flag' ? target.split(' ').filter(fresh).join(' ') : target }))
    .filter(({ action, target }) => (action === 'fileinto' ? target !== mailboxPath : action === 'flag' ? target !== '' : action === 'discard'))
    .filter((one, index, all) => all.findIndex((other) => other.action === one.action && other.target === one.target) === index);
}
