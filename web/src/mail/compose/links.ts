/** Links to files as a message carries them: a list above signature and original, read again when a draft is reopened. */
import { fileSize } from '../../kernel/format';
import { escapeHtml } from '../../kernel/html';
import { region, t } from '../../kernel/i18n.svelte';
import { Attachment } from './attachment.svelte';

const MARK = 'data-parvis-links';

export function dayOf(iso: string): string {
  return new Intl.DateTimeFormat(region(), { day: 'numeric', month: 'long', year: 'numeric' }).format(new Date(iso));
}

function about({ size, link }: Attachment): string {
  return [fileSize(size), t('compose.linkUntil', { day: dayOf(link!.expires) }), ...(link!.locked ? [t('compose.linkLocked')] : [])].join(', ');
}

/** HTML with the links in it. */
export function withLinks(html: string, files: Attachment[]): string {
  const linked = files.filter(({ link }) => link);
  if (!linked.length) return html;
  const item = (file: Attachment) => {
    const { id, url, expires, locked } = file.link!;
    const kept = escapeHtml(JSON.stringify({ id, expires, locked, size: file.size, type: file.type, name: file.name }));
    return `<li><a href="${escapeHtml(url)}" data-link="${kept}">${escapeHtml(file.name)}</a> (${escapeHtml(about(file))})</li>`;
  };
  const list = `<div ${MARK}="1"><p>${escapeHtml(t('compose.links'))}</p><ul>${linked.map(item).join('')}</ul></div>`;
  const quote = html.indexOf('<blockquote>');
  const stops = [html.indexOf('<p>--</p>'), quote < 0 ? -1 : html.lastIndexOf('<p', quote)].filter((at) => at >= 0);
  const at = Math.min(html.length, ...stops);
  return html.slice(0, at) + list + html.slice(at);
}

/** The same for plain text, below it. */
export function withLinkLines(text: string, files: Attachment[]): string {
  const lines = files.filter(({ link }) => link).map((file) => `${file.name} (${about(file)}):\n${file.link!.url}`);
  return lines.length ? `${text}\n\n${t('compose.links')}\n${lines.join('\n')}\n` : text;
}

/** Takes the links out of a draft's HTML: they are attachments again. */
export function takeLinks(html: string): { html: string; files: Attachment[] } {
  if (!html.includes(MARK)) return { html, files: [] };
  const page = new DOMParser().parseFromString(html, 'text/html');
  const files: Attachment[] = [];
  for (const list of page.querySelectorAll(`[${MARK}]`)) {
    for (const anchor of list.querySelectorAll('a[data-link]')) files.push(...read(anchor));
    list.remove();
  }
  return { html: page.body.innerHTML, files };
}

function read(anchor: Element): Attachment[] {
  try {
    const { id, expires, locked, size, type, name } = JSON.parse(anchor.getAttribute('data-link') ?? '') as Record<string, unknown>;
    const url = new URL(anchor.getAttribute('href') ?? '');
    if (!/^https?:$/.test(url.protocol) || Number.isNaN(Date.parse(String(expires)))) return [];
    const link = { id: String(id), url: url.href, expires: String(expires), locked: locked === true };
    return [Attachment.kept({ blobId: '', name: String(name), type: String(type), size: Number(size) || 0, cid: null, link })];
  } catch {
    return [];
  }
}
