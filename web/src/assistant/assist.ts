/** Drafts, rewriting and translation for composers. */
import type { AssistRequest, Assisted } from '../kernel/features';
import { Turn } from './turn.svelte';

/** Runs the turn; `grow` is told the text so far. Aborting stops the model and keeps what there is. */
export async function assisted({ task, text, about, style, language, grow, signal }: AssistRequest): Promise<Assisted> {
  const turn = new Turn({ task, text, about, ...(style ? { style } : {}), ...(language ? { language } : {}) });
  signal?.addEventListener('abort', () => turn.stop(), { once: true });
  const end = follow(grow, turn);
  await turn.run();
  end();
  return { turnId: turn.id, text: turn.text, notice: turn.text ? '' : turn.notice };
}

function follow(grow: ((text: string) => void) | undefined, turn: Turn): () => void {
  if (!grow) return () => undefined;
  const timer = setInterval(() => turn.text && grow(turn.text), 60);
  return () => clearInterval(timer);
}
