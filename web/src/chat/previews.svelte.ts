/** Pages that are linked to, in short, as the server has fetched them: a site never learns who reads. */
import { SvelteMap, SvelteSet } from 'svelte/reactivity';
import { preferences } from '../kernel/preferences.svelte';
import { link } from '../kernel/start.svelte';
import { linkOf } from './links';
import { ask, type MatrixError } from './matrix';
import { kindOf } from './people';
import type { Said } from './timeline';
import { CHAT, type RoomState } from './types';

export interface Preview {
  url: string;
  title: string;
  text: string;
  site: string;
  image: string;
  width: number;
  height: number;
}

const HIDDEN = 'parvis-chat-previews';
const MOST = 300;

class Previews {
  /** Messages whose page was asked for by hand, and those whose page is not to be shown here. */
  private asked = new SvelteSet<string>();
  private hidden = new SvelteSet<string>(JSON.parse(localStorage.getItem(HIDDEN) ?? '[]') as string[]);
  private known = new SvelteMap<string, Preview | null>();
  private asking = new Set<string>();

  /** Whether this server fetches pages. */
  get possible(): boolean {
    return (link.session?.capabilities[CHAT] as { linkPreviews?: boolean } | undefined)?.linkPreviews === true;
  }

  /** The page that a message links to, where one is. Reactive. */
  linkIn(said: Said): string {
    return this.possible && !said.gone && !said.event.event_id.startsWith('~') ? linkOf(said.content, location.origin) : '';
  }

  /** Whether its page is shown: by itself in rooms that are open, elsewhere only when the person asks, for the server
   * then hears of the link. Reactive. */
  isShown(room: RoomState, said: Said): boolean {
    const id = said.event.event_id;
    return this.asked.has(id) || (!this.hidden.has(id) && preferences.value.linkPreviews && kindOf(room) === 'open');
  }

  show(event: string): void {
    this.asked.add(event);
    this.hidden.delete(event);
    this.keep();
  }
  hide(event: string): void {
    this.asked.delete(event);
    this.hidden.add(event);
    this.keep();
  }
  private keep(): void {
    localStorage.setItem(HIDDEN, JSON.stringify([...this.hidden].slice(-MOST)));
  }

  /** What is known of a page by now; null for nothing. Reactive. */
  of(url: string): Preview | null {
    return this.known.get(url) ?? null;
  }

  /** Asks the server for a page, once. */
  async load(url: string): Promise<void> {
    if (this.known.has(url) || this.asking.has(url)) return;
    this.asking.add(url);
    try {
      const told = await ask<Record<string, string | number | undefined>>('GET', ['client', 'v1', 'media', 'preview_url'], { query: { url } });
      const text = (name: string) => String(told[`og:${name}`] ?? '');
      this.known.set(url, { url, title: text('title'), text: text('description'), site: text('site_name'), image: text('image'), width: Number(told['og:image:width'] ?? 0), height: Number(told['og:image:height'] ?? 0) });
    } catch (error) {
      if ((error as MatrixError).status) this.known.set(url, null); // without a network it is asked again
    } finally {
      this.asking.delete(url);
    }
  }
}

export const previews = new Previews();
