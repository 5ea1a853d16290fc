/**
 * Reminders that ring in this browser: told by the server as they are due (JMAP Calendars §6.4), put off or closed by
 * the person. All tabs show the same ones, and a reload changes nothing.
 */
import { MINUTE } from '../kernel/time/local';

/** What the server tells. */
export interface CalendarAlert {
  accountId: string;
  calendarEventId: string;
  recurrenceId: string | null;
  alertId: string;
}

export interface Ring {
  /** Of the occurrence: `account/event/recurrenceId`. */
  occurrence: string;
  alertId: string;
  /** When it is shown: now, or after it was put off. */
  at: number;
}

interface Kept {
  rings: Ring[];
  /** Those that were closed, so that they do not ring again. */
  done: string[];
}

const KEPT = 'parvis-alerts';
const MOST_RINGS = 30;
const MOST_DONE = 200;
/** setTimeout goes no further. */
const LONGEST = 2 ** 31 - 1;

export function keyOf({ occurrence, alertId }: Pick<Ring, 'occurrence' | 'alertId'>): string {
  return `${occurrence}#${alertId}`;
}

export class Ringing {
  private kept = $state.raw<Kept>({ rings: [], done: [] });
  private now = $state(Date.now());
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** Told of each that begins to ring here. */
  onring: (ring: Ring) => void = () => undefined;

  constructor(private readonly storage: Storage = localStorage) {
    this.read();
  }

  /** What rings, the newest last. Reactive. */
  readonly due: Ring[] = $derived(this.kept.rings.filter(({ at }) => at <= this.now));

  /** Takes over what another tab has done. */
  read(): void {
    try {
      const kept = JSON.parse(this.storage.getItem(KEPT) ?? '{}') as Partial<Kept>;
      this.kept = { rings: kept.rings ?? [], done: kept.done ?? [] };
    } catch {
      this.kept = { rings: [], done: [] };
    }
    this.wait();
  }

  take({ accountId, calendarEventId, recurrenceId, alertId }: CalendarAlert): void {
    const ring: Ring = { occurrence: `${accountId}/${calendarEventId}/${recurrenceId ?? ''}`, alertId, at: Date.now() };
    const key = keyOf(ring);
    const known = this.kept.done.includes(key) || this.kept.rings.some((one) => keyOf(one) === key);
    this.read();
    if (known || this.kept.done.includes(key) || this.kept.rings.some((one) => keyOf(one) === key)) return;
    this.keep({ ...this.kept, rings: [...this.kept.rings, ring].slice(-MOST_RINGS) });
    this.onring(ring);
  }

  /** Rings again after some minutes. */
  snooze(ring: Ring, minutes: number): void {
    const at = Date.now() + minutes * MINUTE;
    this.keep({ ...this.kept, rings: this.kept.rings.map((one) => (keyOf(one) === keyOf(ring) ? { ...one, at } : one)) });
  }

  close(ring: Ring): void {
    const key = keyOf(ring);
    this.keep({ rings: this.kept.rings.filter((one) => keyOf(one) !== key), done: [...this.kept.done.filter((one) => one !== key), key].slice(-MOST_DONE) });
  }

  /** Forgets everything (sign-out). */
  forget(): void {
    clearTimeout(this.timer);
    this.storage.removeItem(KEPT);
    this.kept = { rings: [], done: [] };
  }

  private keep(kept: Kept): void {
    this.kept = kept;
    this.storage.setItem(KEPT, JSON.stringify(kept));
    this.wait();
  }

  /** Waits for the next that was put off. */
  private wait(): void {
    clearTimeout(this.timer);
    this.now = Date.now();
    const next = Math.min(...this.kept.rings.map(({ at }) => at).filter((at) => at > this.now));
    if (!Number.isFinite(next)) return;
    this.timer = setTimeout(() => {
      const before = new Set(this.due.map(keyOf));
      this.wait();
      for (const ring of this.due) if (!before.has(keyOf(ring))) this.onring(ring);
    }, Math.min(next - this.now + 50, LONGEST));
  }
}

export const ringing = new Ringing();
