/** What has been asked in the side panel, and what it may read. Kept while the page is open. */
import type { AssistantRequest } from '../kernel/features';
import { jmap } from '../kernel/jmap';
import { panel } from '../kernel/panel.svelte';
import { Turn } from './turn.svelte';
import { ASSISTANT, type About, type ModelCard } from './types';

class Conversation {
  turns = $state.raw<Turn[]>([]);
  /** Objects that questions are about; empty means everything the person can open. */
  about = $state.raw<About[]>([]);
  aboutTitle = $state('');
  /** Whether questions keep to `about`. */
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
    const about = this.narrow ? this.about : [];
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

  /** Opens the panel, with a scope and a question when they are given. */
  open({ question, scope }: AssistantRequest): void {
    if (scope?.kind === 'conversation' && scope.accountId && scope.ids?.length) {
      this.about = scope.ids.map((id) => ({ accountId: scope.accountId!, kind: 'Email', id }));
      this.aboutTitle = scope.title ?? '';
      this.narrow = true;
    }
    panel.open('assistant');
    if (question) this.ask(question);
  }
}

export const conversation = new Conversation();
