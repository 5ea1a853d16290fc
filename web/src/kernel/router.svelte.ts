/** Where we are: the path in parts and the query, reactive; links are plain `<a href>`. */

class Router {
  /** The decoded parts of the path: `/mail/inbox/T1` is `['mail', 'inbox', 'T1']`. */
  parts = $state.raw<string[]>([]);
  query = $state.raw(new URLSearchParams());
  private started = false;
  private replaces = false;

  start(): void {
    this.read();
    if (this.started) return;
    this.started = true;
    window.addEventListener('popstate', () => this.read());
    document.addEventListener('click', (event) => this.click(event));
  }

  /** Goes to a path of our own. `replace` leaves no trace in the history. */
  go(path: string, { replace = false } = {}): void {
    if (path === location.pathname + location.search) return;
    history[replace || this.replaces ? 'replaceState' : 'pushState'](null, '', path);
    this.read();
  }

  /** Whatever `lead` goes to takes the place of where we are, so that going back does not lead there again. */
  async instead(lead: () => Promise<void>): Promise<void> {
    this.replaces = true;
    try {
      await lead();
    } finally {
      this.replaces = false;
    }
  }

  private read(): void {
    this.parts = location.pathname.split('/').filter(Boolean).map(decodeURIComponent);
    this.query = new URLSearchParams(location.search);
  }

  /** Clicks on our own links change the view instead of loading the page again. */
  private click(event: MouseEvent): void {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!link || !plain || event.defaultPrevented || link.target || link.hasAttribute('download')) return;
    if (link.origin !== location.origin || link.getAttribute('href')?.startsWith('#')) return;
    if (link.pathname.startsWith('/jmap/') || link.pathname.startsWith('/auth/')) return;
    event.preventDefault();
    this.go(link.pathname + link.search);
  }
}

/** Joins parts to a path, each escaped. */
export function path(...parts: string[]): string {
  return `/${parts.map(encodeURIComponent).join('/')}`;
}

export const router = new Router();
