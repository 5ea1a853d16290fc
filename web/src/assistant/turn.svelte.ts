/** One turn: asked by AssistantTurn/set, watched as it grows by server-sent events. */
import { jmap } from '../kernel/jmap';
import { t, type MessageKey } from '../kernel/i18n.svelte';
import { ASSISTANT, EMPTY, type Answer, type TurnRequest, type TurnStatus } from './types';

interface SetAnswer {
  created: Record<string, { id: string }> | null;
  notCreated: Record<string, { type: string; description?: string }> | null;
}

const NOTICES = new Set(['noModel', 'modelFailed', 'nothingFound', 'stillLearning', 'needsModel', 'rateLimited', 'unsure', 'checkNumbers', 'modelStopped']);

export class Turn {
  id = $state('');
  status = $state<TurnStatus>('running');
  answer = $state.raw<Answer>(EMPTY);
  private source: EventSource | null = null;

  constructor(readonly request: TurnRequest) {}

  /** Asks, and resolves when the answer is whole. It never rejects: what went wrong is in `status`. */
  async run(): Promise<this> {
    const accountId = jmap.primary(ASSISTANT);
    try {
      const answer = await jmap.call<SetAnswer>('AssistantTurn/set', { accountId, create: { turn: this.request } });
      const made = answer.created?.turn;
      if (!made) throw new Error(answer.notCreated?.turn?.description ?? 'not created');
      this.id = made.id;
      await this.watch();
    } catch {
      this.status = 'failed';
    }
    return this;
  }

  /** Stops the model; what has been answered stays. */
  stop(): void {
    if (this.id) void jmap.call('AssistantTurn/stop', { accountId: jmap.primary(ASSISTANT), turnId: this.id }).catch(() => undefined);
  }

  /** The text of the answer, for copying and for composers; quotes only when they are all of it. */
  get text(): string {
    const written = this.answer.blocks.filter((block) => block.kind !== 'quote');
    return (written.length ? written : this.answer.blocks).map((block) => block.text || block.claims.map((claim) => claim.text).join(' ')).join('\n');
  }

  /** The sentence that says what the answer is or why there is none; empty when there is nothing to say. */
  get notice(): string {
    const code = this.answer.notice;
    if (NOTICES.has(code)) return t(`assistant.${code}` as MessageKey);
    return this.status === 'failed' ? t('assistant.failed') : this.status === 'stopped' ? t('assistant.stopped') : '';
  }

  private watch(): Promise<void> {
    return new Promise((resolve, reject) => {
      const source = new EventSource(`/assistant/turns/${this.id}/events`);
      this.source = source;
      source.onmessage = (event: MessageEvent<string>) => {
        const { status, answer } = JSON.parse(event.data) as { status: TurnStatus; answer: Answer };
        this.answer = answer;
        this.status = status;
        if (status !== 'running') this.end(resolve);
      };
      source.onerror = () => {
        if (source.readyState === EventSource.CLOSED) this.end(() => reject(new Error('the answer was cut off')));
      };
    });
  }

  private end(then: () => void): void {
    this.source?.close();
    this.source = null;
    then();
  }
}
