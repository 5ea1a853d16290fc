/** What has been asked in the side panel, and what it may read. Kept while the page is open. */
import type { AssistantRequest } from '../kernel/features';
import { jmap } from '../kernel/jmap';
import { panel } from '../kernel/panel.svelte';
import { reading } from './reading.svelte';
import { Turn } from './turn.svelte';
import { ASSISTANT, type ModelCard } from './types';

class Conversation {
  turns = $state.raw<Turn[]>([]);
  /** Whether questions keep to the conversation that is open, instead of everything the person can open. */
  narrow = $state(false);
  cards = $state.raw<ModelCard[]>([]);
  private loaded = false;

  /** The model that would answer now. */
  get card(): ModelCard | undefined {
    return this.cards.find((card) => card.answers);
  }

  get running(): Turn | undefined {
    return this.turns.findLast((turn) => turn.status === 'running');
  }

  async begin(): Promise<void> {
    if (this.loaded || !jmap.has(ASSISTANT)) return;
    this.loaded = true;
    const answer = await jmap.call<{ list: ModelCard[] }>('ModelCard/get', { accountId: jmap.primary(ASSISTANT), ids: null }).catch(() => null);
    this.cards = answer?.list ?? [];
  }

  ask(text: string): void {
    const about = this.narrow ? reading.about : [];
    const turn = new Turn({ task: 'ask', text, about });
    this.turns = [...this.turns, turn];
    void turn.run();
  }

  again(turn: Turn): void {
    const next = new Turn(turn.request);
    this.turns = this.turns.map((known) => (known === turn ? next : known));
    void next.run();
  }

  clear(): void {
    this.running?.stop();
    this.turns = [];
  }

  /** Opens the panel, and asks when a question is given. */
  open({ question }: AssistantRequest): void {
    panel.open('assistant');
    if (question) this.ask(question);
  }
}

export const conversation = new Conversation();
