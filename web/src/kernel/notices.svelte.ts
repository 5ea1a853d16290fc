/** Short notes to the person (toasts): what was done with Undo, what went wrong with Retry. `ui/Toasts` shows them. */

export interface Notice {
  id: number;
  text: string;
  tone: 'plain' | 'danger';
  action?: { label: string; keys?: string; run: () => void };
  /** Milliseconds it stays; 0 until it is closed. */
  stay: number;
}

class Notices {
  list = $state.raw<Notice[]>([]);
  private next = 1;

  show(text: string, options: Partial<Omit<Notice, 'id' | 'text'>> = {}): number {
    const notice: Notice = { tone: 'plain', stay: 7_000, ...options, id: this.next++, text };
    this.list = [...this.list.filter((other) => other.text !== text).slice(-2), notice];
    return notice.id;
  }

  close(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id);
  }
}

export const notices = new Notices();
