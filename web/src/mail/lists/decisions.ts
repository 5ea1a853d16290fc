/**
 * Decisions about held messages wait a moment before they go to the server, since a message that went to all does not
 * come back: until then each can be taken back. What is pending goes when the page is left.
 */
import { decide } from './server';

export const WAIT_MS = 7_000;
type Verdict = 'accept' | 'reject';

export class Decisions {
  private pending = new Map<string, { verdict: Verdict; timer: ReturnType<typeof setTimeout> }>();

  /** `done` hears of each that was sent whether it still waited there. */
  constructor(private readonly done: (decided: boolean) => void, private readonly send = decide) {}

  add(id: string, verdict: Verdict): void {
    this.undo(id);
    this.pending.set(id, { verdict, timer: setTimeout(() => void this.go([id]), WAIT_MS) });
  }

  /** Whether it could still be taken back. */
  undo(id: string): boolean {
    clearTimeout(this.pending.get(id)?.timer);
    return this.pending.delete(id);
  }

  /** Sends all that is pending at once. */
  async flush(): Promise<void> {
    await this.go([...this.pending.keys()]);
  }

  private async go(ids: string[]): Promise<void> {
    const now = ids.flatMap((id) => {
      const one = this.pending.get(id);
      this.undo(id);
      return one ? [{ id, verdict: one.verdict }] : [];
    });
    if (!now.length) return;
    const of = (verdict: Verdict) => now.filter((one) => one.verdict === verdict).map((one) => one.id);
    const answer = await this.send(of('accept'), of('reject')).catch(() => null);
    for (const { id } of now) this.done(answer !== null && !answer.notFound.includes(id));
  }
}
