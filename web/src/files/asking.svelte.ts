/** What another room asks of files: some to be chosen, or a place for some to be put. */
import type { FileNode } from './types';

export interface Ask {
  kind: 'choose' | 'keep';
  /** Called once: with what was chosen, or with null. */
  answer: (chosen: { account: string; id: string | null; nodes: FileNode[] } | null) => void;
}

class Asks {
  current = $state.raw<Ask | null>(null);

  open(kind: Ask['kind']): Promise<Parameters<Ask['answer']>[0]> {
    this.current?.answer(null);
    return new Promise((resolve) => {
      this.current = {
        kind,
        answer: (chosen) => {
          this.current = null;
          resolve(chosen);
        },
      };
    });
  }
}

export const asks = new Asks();
