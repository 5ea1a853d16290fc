/** Which shared accounts show their mailboxes in the list of folders; kept on this device. */
const KEPT = 'parvis-open-accounts';

class SharedAccounts {
  private open = $state.raw<ReadonlySet<string>>(new Set(read()));

  isOpen(account: string): boolean {
    return this.open.has(account);
  }

  set(account: string, open: boolean): void {
    const next = new Set(this.open);
    if (open) next.add(account);
    else next.delete(account);
    this.open = next;
    localStorage.setItem(KEPT, JSON.stringify([...next]));
  }
}

function read(): string[] {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? '[]') as string[];
  } catch {
    return [];
  }
}

export const shared = new SharedAccounts();
