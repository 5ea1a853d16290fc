/** The page that a message is about. Pure. */
import { bodyOf } from './text';
import { isAboutThing } from './things';
import type { Content } from './types';

const CODE = /```.*?(?:```|$)|`[^`\n]*`/gs;
const PAGE = /\bhttps:\/\/[^\s<>"]*[^\s<>"'.,;:!?)\]}»…*_~]/g;
const TEXTS = new Set(['m.text', 'm.notice', 'm.emote']);

/** The first address by https in what is said, but in code, and those of Matrix and of this house; empty for none. */
export function linkOf(content: Content, house: string): string {
  if (isAboutThing(content) || !TEXTS.has(String(content.msgtype))) return '';
  const found = bodyOf(content).replace(CODE, ' ').match(PAGE) ?? [];
  return found.find((url) => !url.startsWith(`${house}/`) && url !== house && !url.startsWith('https://matrix.to/')) ?? '';
}
