/** How a file can be shown here; empty when it can only be downloaded. Pure. */
import type { BodyPart } from '../types';

export type PreviewKind = 'image' | 'pdf' | 'mail' | 'event' | 'table' | 'text';

const TEXT_MOST = 2_000_000;

export function previewKind({ type, size }: Pick<BodyPart, 'type' | 'size'>): PreviewKind | '' {
  if (/^image\/(png|jpe?g|gif|webp|avif|bmp|svg\+xml)$/.test(type)) return 'image';
  if (type === 'application/pdf') return 'pdf';
  if (type === 'message/rfc822') return 'mail';
  if (size >= TEXT_MOST) return '';
  if (type === 'text/calendar') return 'event';
  if (/^text\/(csv|tab-separated-values)$/.test(type)) return 'table';
  return /^(text\/(plain|markdown|x-\w+|vcard)|application\/json)$/.test(type) ? 'text' : '';
}
