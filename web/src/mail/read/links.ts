/** Stops a press on a link to the web, with either button, and asks instead. */
export function askFirst(event: MouseEvent, ask?: (href: string, words: string) => void): void {
  if (!ask || event.button === 2) return;
  const link = (event.target as Element | null)?.closest?.('a[href], area[href]');
  const href = link?.getAttribute('href') ?? '';
  if (!/^https?:/i.test(href)) return;
  event.preventDefault();
  ask(href, link!.textContent?.trim().slice(0, 300) ?? '');
}
