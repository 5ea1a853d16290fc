/** Whose remote pictures may be loaded without asking: senders the reader agreed to, kept on this device. */
const KEPT = 'parvis-remote-images';

function list(): string[] {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? '[]') as string[];
  } catch {
    return [];
  }
}

export function isTrusted(sender: string): boolean {
  return list().includes(sender.toLowerCase());
}

export function trust(sender: string): void {
  localStorage.setItem(KEPT, JSON.stringify([...new Set([...list(), sender.toLowerCase()])].slice(-500)));
}
