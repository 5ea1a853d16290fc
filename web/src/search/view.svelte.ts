/** What the search screen shows now. The URL is the source: `/search/ACCOUNT/THREAD?q=TEXT&o=newest&h=PASSAGE`. */
import { untrack } from 'svelte';
import { favourites } from '../kernel/favourites.svelte';
import { openPassage } from '../kernel/features';
import { locale } from '../kernel/i18n.svelte';
import { path, router } from '../kernel/router.svelte';
import { find, type Found, type Order } from './find';
import { markedWords } from './excerpt';
import { isEmpty, parse, write, type Asked } from './operators';
import { remember } from './recent';
import type { Hit } from './types';

class SearchView {
  found = $state.raw<Found | null>(null);
  status = $state<'idle' | 'loading' | 'ready' | 'failed'>('idle');
  /** Row the keys act on. */
  cursor = $state(0);
  /** Where to go when the search is left. */
  from = '/mail/inbox';
  /** Asks the box to take the focus; counts up. */
  focus = $state(0);
  private asking = '';

  get text(): string {
    return router.query.get('q') ?? '';
  }
  get order(): Order {
    return router.query.get('o') === 'newest' ? 'newest' : 'relevance';
  }
  get asked(): Asked {
    return parse(this.text);
  }
  get hits(): Hit[] {
    return this.found?.hits ?? [];
  }
  /** The open conversation, from the URL. */
  get open(): { accountId: string; threadId: string } | null {
    const [, accountId, threadId] = router.parts;
    return accountId && threadId ? { accountId, threadId } : null;
  }
  /** The open hit, as long as it is in the list. */
  get hit(): Hit | undefined {
    const id = router.query.get('h');
    return id ? this.hits.find((hit) => hit.passageId === id) : undefined;
  }
  /** What is shown marked in the open conversation. */
  get highlight() {
    const { hit } = this;
    if (!hit) return undefined;
    const bySubject = !hit.fileName && !hit.marks.length && hit.titleMarks.length > 0;
    return { emailId: hit.objectId, part: hit.part, fileName: hit.fileName, quote: bySubject ? '' : hit.text, words: markedWords(hit.text, hit.marks), page: hit.place.page };
  }

  /** Follows the URL; call inside an effect. */
  follow(): void {
    const { text, order } = this;
    untrack(() => this.ask(text, order));
  }

  ask(text: string, order: Order): void {
    const key = `${order} ${text}`;
    if (key === this.asking) return;
    this.asking = key;
    this.cursor = 0;
    if (isEmpty(parse(text))) {
      this.found = null;
      this.status = 'idle';
    } else void this.run(key, text, order);
  }

  private async run(key: string, text: string, order: Order): Promise<void> {
    this.status = 'loading';
    try {
      const found = await find(parse(text), order);
      if (key !== this.asking) return;
      this.found = found;
      this.status = 'ready';
      const at = this.hit ? this.hits.indexOf(this.hit) : 0;
      this.cursor = Math.max(0, at);
      void remember(text.trim());
    } catch {
      if (key === this.asking) this.status = 'failed';
    }
  }

  retry(): void {
    this.asking = '';
    this.ask(this.text, this.order);
  }

  /** Searches for a text. */
  go(text: string, order: Order = this.order): void {
    router.go(url([], text.trim(), order));
  }

  /** Changes some operators and keeps the rest. */
  change(changes: Partial<Asked>): void {
    this.go(write({ ...this.asked, ...changes }, locale()));
  }

  /** The address that leads to this search again, for the favourites. Reactive. */
  get address(): string {
    return `/search?${new URLSearchParams({ q: this.text })}`;
  }

  /** Puts the search among the favourites, or takes it out. */
  keep(): void {
    if (this.text) favourites.toggle(this.address);
  }

  openRow(row: number): void {
    const hit = this.hits[row];
    if (!hit) return;
    this.cursor = row;
    const thread = this.found?.threads.get(hit.objectId);
    if (hit.kind === 'Email' && thread) router.go(url([hit.accountId, thread], this.text, this.order, hit.passageId), { replace: this.open !== null });
    else void openPassage(hit.kind).open({ kind: hit.kind, accountId: hit.accountId, objectId: hit.objectId, part: hit.part, quote: hit.text, fileName: hit.fileName, page: hit.place.page });
  }

  /** J and K: the next hit when one is open, else only the cursor. */
  step(by: number): void {
    const row = Math.max(0, Math.min(this.hits.length - 1, this.cursor + by));
    if (this.open) this.openRow(row);
    else this.cursor = row;
  }

  /** Back to the list; from the list, to what was open before the search. */
  back(): void {
    router.go(this.open ? url([], this.text, this.order) : this.from);
  }
}

function url(parts: string[], text: string, order: Order, passage = ''): string {
  const query = new URLSearchParams({ ...(text ? { q: text } : {}), ...(order === 'newest' ? { o: order } : {}), ...(passage ? { h: passage } : {}) });
  return path('search', ...parts) + (query.size ? `?${query}` : '');
}

export const view = new SearchView();
