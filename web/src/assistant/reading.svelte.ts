/** The conversation that is open: what a question can be limited to, and its summary. */
import { Turn } from './turn.svelte';
import type { About } from './types';

class Reading {
  threadId = $state('');
  about = $state.raw<About[]>([]);
  summary = $state.raw<Turn | null>(null);

  /** Call when a conversation is shown; returns what to call when it no longer is. */
  begin(accountId: string, threadId: string, emailIds: string[]): () => void {
    if (threadId !== this.threadId) this.summary = null;
    this.threadId = threadId;
    const about = emailIds.map((id) => ({ accountId, kind: 'Email', id }));
    this.about = about;
    return () => {
      if (this.about === about) this.about = [];
    };
  }

  summarise(): void {
    this.summary = new Turn({ task: 'summarise', about: this.about });
    void this.summary.run();
  }
}

export const reading = new Reading();
