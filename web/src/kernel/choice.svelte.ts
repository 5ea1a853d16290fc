/** What the keys act on in a list of rows: the row under the cursor, and rows that were chosen together. */
import type { Rows } from './query.svelte';

export class RowChoice<Q extends Rows = Rows> {
  query = $state.raw<Q | null>(null);
  /** Row the keys act on. */
  cursor = $state(0);
  /** What is chosen, as `keyAt` names it. */
  chosen = $state.raw<ReadonlySet<string>>(new Set());
  /** Where Shift+J/K began. */
  private anchor = -1;

  choose(keys: Iterable<string>): void {
    this.chosen = new Set(keys);
    if (!this.chosen.size) this.anchor = -1;
  }

  /** Chooses what is loaded. */
  chooseAll(): void {
    const keys: string[] = [];
    this.query?.eachLoaded((_row, id, account) => keys.push(this.keyOf(account, id)));
    this.choose(keys);
  }

  toggle(row: number): void {
    const key = this.keyAt(row);
    if (!key) return;
    const next = new Set(this.chosen);
    if (!next.delete(key)) next.add(key);
    this.choose(next);
    this.anchor = this.cursor = row;
  }

  /** Chooses everything from where the choice began to a row. */
  extend(to: number): void {
    if (!this.query?.length) return;
    const row = Math.max(0, Math.min(this.query.length - 1, to));
    if (this.anchor < 0) this.anchor = this.cursor;
    const [from, until] = [Math.min(this.anchor, row), Math.max(this.anchor, row)];
    const keys = Array.from({ length: until - from + 1 }, (_none, index) => this.keyAt(from + index));
    this.choose(keys.filter((key) => key !== undefined));
    this.cursor = row;
  }

  /** How a record is named among the chosen ones: lists of several accounts need more than its id. */
  protected keyOf(_account: string, id: string): string {
    return id;
  }

  private keyAt(row: number): string | undefined {
    const [id, account] = [this.query?.idAt(row), this.query?.accountAt(row)];
    return id && account ? this.keyOf(account, id) : undefined;
  }
}
