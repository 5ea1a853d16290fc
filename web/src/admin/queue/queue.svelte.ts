/** The queue while its page is open, and what is done with it. A drop waits until it can no longer be undone. */
import { SvelteMap, SvelteSet } from 'svelte/reactivity';
import { t, type MessageKey } from '../../kernel/i18n.svelte';
import { jmap } from '../../kernel/jmap';
import { notices } from '../../kernel/notices.svelte';
import { reasonOf } from '../../kernel/reasons';
import { grouped, steady, type Group, type Row, type Told } from './waiting';

const QUEUE = 'urn:parvis:queue';
const FIRST = 200;
const MORE = 100;
const MOST = 1000;
const TOGETHER = 200;
type Act = 'retry' | 'hold' | 'drop';
const DONE: Record<Act, MessageKey> = { retry: 'queue.tried', hold: 'queue.held', drop: 'queue.dropped' };

class Queue {
  groups = $state.raw<Group[] | null>(null);
  total = $state(0);
  /** The last reading failed. */
  stale = $state(false);
  /** When it was last read, in milliseconds. */
  at = $state(0);
  /** Messages chosen one by one, and destinations chosen with all that waits for them. */
  readonly chosen = new SvelteSet<string>();
  readonly whole = new SvelteSet<string>();
  /** Messages that are dropped unless that is undone. */
  readonly dropping = new SvelteSet<string>();
  /** Whether what is shown has to stay where it is. */
  steady: () => boolean = () => false;
  private fresh: Group[] = [];
  /** How many are shown of destinations of which more are asked for. */
  private wanted = new SvelteMap<string, number>();
  private turn = 0;

  async refresh(): Promise<void> {
    const turn = ++this.turn;
    const ask = (more: object) => jmap.call<Told>('MailQueue/get', { accountId: jmap.primary(QUEUE), ...more });
    try {
      const [told, ...more] = await Promise.all([ask({ limit: FIRST }), ...[...this.wanted].map(([destination, limit]) => ask({ destination, limit }))]);
      if (turn !== this.turn) return;
      this.take({ ...told!, list: [...told!.list, ...more.flatMap((one) => one.list)] });
    } catch {
      if (turn === this.turn) this.stale = true;
    }
  }

  /** Lets everything go to its place. */
  settle(): void {
    if (this.groups && !this.steady()) this.groups = this.fresh;
  }

  more(group: Group): void {
    this.wanted.set(group.destination, Math.min(group.rows.length + MORE, MOST));
    void this.refresh();
  }

  has(row: Row, group: Group): boolean {
    return !row.left && (this.whole.has(group.destination) || this.chosen.has(row.message.id));
  }

  choose(row: Row, group: Group): void {
    const had = this.has(row, group);
    if (this.whole.delete(group.destination)) for (const { message } of group.rows) this.chosen.add(message.id);
    if (had) this.chosen.delete(row.message.id);
    else this.chosen.add(row.message.id);
  }

  chooseAll(groups: Group[], on: boolean): void {
    for (const group of groups) {
      for (const { message } of group.rows) this.chosen.delete(message.id);
      if (on) this.whole.add(group.destination);
      else this.whole.delete(group.destination);
    }
  }

  /** How many are chosen, shown or not. */
  get count(): number {
    const groups = this.groups ?? [];
    const ids = new Set(groups.flatMap((group) => group.rows.filter((row) => this.has(row, group)).map((row) => row.message.id)));
    const hidden = groups.filter((group) => this.whole.has(group.destination)).map((group) => group.count - group.rows.filter((row) => !row.left).length);
    return hidden.reduce((sum, one) => sum + Math.max(0, one), ids.size);
  }

  /** Tries or holds what is chosen at once; drops it when the notice that offers to undo that is gone. */
  async act(what: Act): Promise<void> {
    try {
      const ids = (await this.ids()).filter((id) => !this.dropping.has(id));
      this.chosen.clear();
      this.whole.clear();
      if (what === 'drop') this.drop(ids);
      else await this.send(what, ids);
    } catch (error) {
      failed(error);
    }
  }

  private drop(ids: string[]): void {
    if (!ids.length) return;
    for (const id of ids) this.dropping.add(id);
    const notice = notices.show(t('queue.willDrop', { count: ids.length }), { action: { label: t('ui.undo'), run: keep } });
    const timer = setInterval(() => {
      if (notices.list.some((one) => one.id === notice)) return;
      clearInterval(timer);
      void this.send('drop', ids).catch(failed).finally(end);
    }, 200);
    const end = () => ids.forEach((id) => this.dropping.delete(id));
    function keep(): void {
      clearInterval(timer);
      end();
      notices.show(t('queue.kept'), { stay: 2_500 });
    }
  }

  private async send(act: Act, ids: string[]): Promise<void> {
    let done = 0;
    for (let from = 0; from < ids.length; from += TOGETHER) {
      const answer = await jmap.call<{ done: string[] }>('MailQueue/act', { accountId: jmap.primary(QUEUE), act, ids: ids.slice(from, from + TOGETHER) });
      done += answer.done.length;
    }
    notices.show(done ? t(DONE[act], { count: done }) : t('queue.nothing'), { stay: 3_500 });
    await this.refresh();
    if (act === 'retry') setTimeout(() => void this.refresh(), 2_000);
  }

  /** The ids of what is chosen, those that are not shown as well. */
  private async ids(): Promise<string[]> {
    const found = new Set(this.chosen);
    for (const destination of this.whole) {
      let after: string | null = null;
      do {
        const { list }: Told = await jmap.call<Told>('MailQueue/get', { accountId: jmap.primary(QUEUE), destination, after, limit: MOST });
        for (const { id } of list) found.add(id);
        after = list.length === MOST ? list.at(-1)!.id : null;
      } while (after);
    }
    return [...found];
  }

  private take(told: Told): void {
    this.fresh = grouped(told);
    this.groups = this.groups && this.steady() ? steady(this.groups, this.fresh) : this.fresh;
    this.total = told.total;
    this.stale = false;
    this.at = Date.now();
    const there = new Set(told.list.map((one) => one.id));
    for (const id of this.chosen) if (!there.has(id)) this.chosen.delete(id);
    for (const name of this.whole) if (!told.destinations.some((one) => one.destination === name)) this.whole.delete(name);
  }
}

function failed(error: unknown): void {
  notices.show(t('queue.failed', { reason: reasonOf(error) }), { tone: 'danger' });
}

export const queue = new Queue();
