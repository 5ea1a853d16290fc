/** Plain text with its web addresses found. Pure. */
export interface Part {
  text: string;
  /** Given, it is a link: http, https or mail only. */
  href?: string;
}

const ADDRESS = /\bhttps?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]]|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g;

export function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const found of text.matchAll(ADDRESS)) {
    if (found.index > end) parts.push({ text: text.slice(end, found.index) });
    parts.push({ text: found[0], href: found[0].includes('://') ? found[0] : `mailto:${found[0]}` });
    end = found.index + found[0].length;
  }
  if (end < text.length) parts.push({ text: text.slice(end) });
  return parts;
}

/** What others' programs write as HTML, as text. */
export function plainOf(text: string): string {
  if (!/<(?:br|p|div|a|html|b|ul|span)\b/i.test(text)) return text;
  const page = new DOMParser().parseFromString(text.replace(/<br\s*\/?>|<\/(?:p|div|li)>/gi, '\n'), 'text/html');
  return (page.body.textContent ?? '').replace(/\n{3,}/g, '\n\n').trim();
}
