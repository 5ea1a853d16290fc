/**
 * News from the server (RFC 8620 §7): one tab holds the event stream (Web Locks) and tells the others by
 * BroadcastChannel. When the stream breaks it is opened again; meanwhile there is a slow poll.
 */
export type Changed = Record<string, Record<string, string>>;
/** What one tab tells the others: what changed, or an object that the server told. */
type News = { changed: Changed } | { name: string; told: unknown };

const POLL_MS = 60_000;

export class Push {
  /** Whether this tab, or the leading one, hears the server. */
  connected = $state(false);
  private channel: BroadcastChannel | null = null;
  private source: EventSource | null = null;
  private stopped = new AbortController();
  /** News may have been missed since the stream broke. */
  private broken = false;
  private template = '';
  private poll: ReturnType<typeof setInterval> | undefined;
  private readonly takers = new Map<string, (told: unknown) => void>();

  constructor(
    private readonly onChanged: (changed: Changed) => void,
    private readonly onPoll: () => void,
  ) {}

  /** Has `take` called, in every tab, with what the server tells under a name beside what changed: `calendarAlert`. */
  on<Told>(name: string, take: (told: Told) => void): void {
    if (this.source && !this.takers.has(name)) this.attach(this.source, name);
    this.takers.set(name, take as (told: unknown) => void);
  }

  /** Starts listening; `template` is the session's eventSourceUrl. All states are told first, since what changes before the stream is open would be missed. */
  start(template: string): void {
    if (this.template === template) return;
    this.stop();
    this.template = template;
    this.stopped = new AbortController();
    const url = `${template.replace('{types}', '*').replace('{closeafter}', 'no').replace('{ping}', '30')}&pushstate=0`;
    this.channel = new BroadcastChannel('parvis-push');
    this.channel.onmessage = (event: MessageEvent<News>) => {
      this.connected = true;
      if ('changed' in event.data) this.onChanged(event.data.changed);
      else this.takers.get(event.data.name)?.(event.data.told);
    };
    this.poll = setInterval(() => !this.connected && navigator.onLine && this.onPoll(), POLL_MS);
    const { signal } = this.stopped;
    const lead = () => new Promise<void>((resolve) => {
      this.listen(url);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    if ('locks' in navigator) navigator.locks.request('parvis-push', { signal }, lead).catch(() => undefined);
    else void lead();
  }

  stop(): void {
    this.stopped.abort();
    this.template = '';
    this.source?.close();
    this.channel?.close();
    this.source = this.channel = null;
    clearInterval(this.poll);
    this.connected = false;
  }

  private listen(url: string): void {
    if (this.stopped.signal.aborted) return;
    const source = new EventSource(url, { withCredentials: true });
    this.source = source;
    source.onopen = () => {
      this.connected = true;
      if (this.broken) this.onPoll();
      this.broken = false;
    };
    source.onerror = () => {
      this.connected = false;
      this.broken = true;
      if (source.readyState === EventSource.CLOSED) setTimeout(() => this.listen(url), 5_000);
    };
    source.addEventListener('state', (event: MessageEvent<string>) => {
      const { changed } = JSON.parse(event.data) as { changed: Changed };
      this.channel?.postMessage({ changed } satisfies News);
      this.onChanged(changed);
    });
    for (const name of this.takers.keys()) this.attach(source, name);
  }

  private attach(source: EventSource, name: string): void {
    source.addEventListener(name, (event: MessageEvent<string>) => {
      const told: unknown = JSON.parse(event.data);
      this.channel?.postMessage({ name, told } satisfies News);
      this.takers.get(name)?.(told);
    });
  }
}
