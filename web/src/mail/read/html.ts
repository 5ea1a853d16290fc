/**
 * HTML of strangers, made harmless: cleaned by DOMPurify, then shown in a sandboxed frame whose own policy
 * forbids scripts, forms, frames and, until the reader agrees, everything from the network.
 */
import latinExt from '@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2?url';
import latin from '@fontsource-variable/inter/files/inter-latin-wght-normal.woff2?url';
import vietnamese from '@fontsource-variable/inter/files/inter-vietnamese-wght-normal.woff2?url';
import DOMPurify from 'dompurify';
import { beginsSignature, isSignature } from './text';

export interface Safe {
  /** A whole document for `srcdoc`. */
  document: string;
  /** It asks for pictures or styles from the network. */
  remote: boolean;
  /** It brings its own colours, so it is shown on white paper in the dark theme too. */
  designed: boolean;
}

export interface SafeOptions {
  /** Content-ID to an address that works here (blob:). */
  inline: Map<string, string>;
  allowRemote: boolean;
  dark: boolean;
  quoteLabel: string;
  highlight?: string;
}

const FORBIDDEN = ['script', 'form', 'input', 'button', 'textarea', 'select', 'iframe', 'frame', 'object', 'embed', 'base', 'meta', 'link', 'audio', 'video', 'source', 'track', 'portal', 'svg', 'math', 'dialog'];
const REMOTE = /(src|srcset|background|poster)\s*=\s*["']?\s*(https?:)?\/\/|url\(\s*["']?\s*(https?:)?\/\//i;
const QUOTES = 'blockquote[type="cite"], .gmail_quote, .yahoo_quoted, #divRplyFwdMsg, .moz-cite-prefix + blockquote';
/** From this many pixels on, a picture without a description is more than a spacer. */
const PICTURE_WIDTH = 100;
const SIGNATURES = '.gmail_signature, .moz-signature, #Signature, #signature';

/** The interface's font, for messages that bring none; its files are already here. */
const FONTS = {
  [latin]: 'U+0000-00FF,U+0131,U+0152-0153,U+02C6,U+02DA,U+02DC,U+2000-206F,U+20AC,U+2122',
  [latinExt]: 'U+0104-0127,U+012A-0130,U+0132-0151,U+0154-0167',
  [vietnamese]: 'U+0100-0103,U+0110-0111,U+0128-0129,U+0168-0169,U+01A0-01A1,U+01AF-01B0,U+0300-0301,U+0303-0304,U+0308-0309,U+0323,U+0329,U+1EA0-1EF9,U+20AB',
};

/** Cleans the HTML of a message and builds the document for the frame. */
export function safeDocument(html: string, options: SafeOptions): Safe {
  const clean = DOMPurify.sanitize(html, {
    WHOLE_DOCUMENT: true,
    RETURN_DOM: true,
    FORBID_TAGS: FORBIDDEN,
    FORBID_ATTR: ['ping', 'autofocus', 'autoplay', 'contenteditable', 'tabindex', 'accesskey'],
    ALLOW_DATA_ATTR: false,
    // The second half lets through values that are no addresses, such as width="1" (DOMPurify tests all attributes by it).
    ALLOWED_URI_REGEXP: /^(?:(?:https?|mailto|tel|cid|xmpp|sms):|[^a-z]|[a-z+.-]+(?:[^a-z+.\-:]|$))/i,
  }) as unknown as HTMLElement;
  const body = clean.querySelector('body') ?? clean;
  const styles = [...clean.querySelectorAll('style')].map((style) => style.textContent ?? '');
  const remote = REMOTE.test(clean.innerHTML);
  const designed = /(^|[\s;{"'])(background(-color|-image)?|color)\s*:|bgcolor|<font[^>]+color|background\s*=/i.test(clean.innerHTML);
  for (const image of body.querySelectorAll('img')) prepareImage(image, options);
  for (const link of body.querySelectorAll<HTMLAnchorElement | HTMLAreaElement>('a, area')) prepareLink(link);
  foldQuotes(body, options.quoteLabel);
  dimSignature(body);
  const own = styles.map((text) => text.replace(/@import[^;]+;?/gi, '').replaceAll('</', '<\\/')).join('\n');
  for (const style of body.querySelectorAll('style')) style.remove();
  return { document: frame(body, own, options, designed), remote, designed };
}

function prepareImage(image: HTMLImageElement, { inline, allowRemote }: SafeOptions): void {
  const src = image.getAttribute('src') ?? '';
  image.removeAttribute('srcset');
  image.setAttribute('loading', 'lazy');
  image.setAttribute('referrerpolicy', 'no-referrer');
  if (/^cid:/i.test(src)) {
    const known = inline.get(decodeURIComponent(src.slice(4)).replace(/^<|>$/g, ''));
    if (known) image.setAttribute('src', known);
    else image.removeAttribute('src');
  } else if (!/^data:image\//i.test(src) && !allowRemote) {
    const wide = Number(image.getAttribute('width') ?? 0) >= PICTURE_WIDTH && Number(image.getAttribute('height') ?? 99) >= 4;
    if (wide || image.alt.trim()) image.replaceWith(standIn(image));
    else image.remove();
    return;
  } else image.setAttribute('src', src.replace(/^http:/i, 'https:')); // never in clear: the page's own policy forbids it
  if (!image.hasAttribute('alt')) image.setAttribute('alt', '');
}

/** Stands where a picture is not loaded, as wide as it, with the words that describe it. */
function standIn(image: HTMLImageElement): Element {
  const box = image.ownerDocument.createElement('span');
  box.className = 'parvis-blocked';
  box.textContent = image.alt;
  const width = Number(image.getAttribute('width'));
  if (width) box.style.width = `${width}px`;
  return box;
}

/** Links open outside, tell nothing of where they were read, and show where they lead. */
function prepareLink(link: HTMLAnchorElement | HTMLAreaElement): void {
  link.setAttribute('target', '_blank');
  link.setAttribute('rel', 'noopener noreferrer nofollow');
  const href = link.getAttribute('href');
  if (href) link.setAttribute('title', href);
}

/** What was written before is folded away; `details` needs no script. */
function foldQuotes(body: Element, label: string): void {
  const last = [...body.querySelectorAll('blockquote')].findLast((quote) => !quote.parentElement?.closest('blockquote'));
  const marked = new Set([...body.querySelectorAll(QUOTES), ...(last && endsWith(body, last) ? [last] : [])]);
  for (const quote of marked) {
    if (quote.closest('details.parvis-quote') || !(body.textContent ?? '').replace(quote.textContent ?? '', '').trim()) continue;
    const details = body.ownerDocument.createElement('details');
    details.className = 'parvis-quote';
    const summary = body.ownerDocument.createElement('summary');
    summary.textContent = '•••';
    summary.title = label;
    summary.setAttribute('aria-label', label);
    const intro = introductionOf(quote);
    (intro[0] ?? quote).before(details);
    details.append(summary, ...intro, quote);
  }
}

/** The line before a quote that says who wrote it and when, if there is one. */
function introductionOf(quote: Element): ChildNode[] {
  const nodes: ChildNode[] = [];
  let words = '';
  for (let node = quote.previousSibling; node; node = node.previousSibling) {
    if (words.trim() && isBreak(node)) break;
    const block = isBreak(node) && node.nodeName !== 'BR';
    if (block && words.trim()) break;
    nodes.unshift(node);
    words = node.textContent + words;
    if (block && words.trim()) break;
  }
  return /[:：]\s*$/.test(words) && words.length < 300 ? nodes : [];
}

/** Whether nothing that can be read stands behind a part. */
function endsWith(body: Element, part: Element): boolean {
  const behind = body.ownerDocument.createRange();
  behind.setStartAfter(part);
  behind.setEndAfter(body.lastChild ?? part);
  return !behind.toString().trim();
}

/** What stands below a line that begins a signature, or is marked as one, is shown small and pale. */
function dimSignature(body: Element): void {
  for (const known of body.querySelectorAll(SIGNATURES)) known.classList.add('parvis-signature');
  const walker = body.ownerDocument.createTreeWalker(body, 4 /* SHOW_TEXT */);
  for (let text = walker.nextNode() as Text | null; text; text = walker.nextNode() as Text | null) {
    if (!beginsSignature(text.data) || text.parentElement?.closest('blockquote, details, pre, td, .parvis-signature')) continue;
    const first = wholeLine(text, body);
    if (!isBreak(first.previousSibling)) continue;
    const nodes = signatureFrom(first);
    if (!isSignature(text.data, nodes.map((node) => node.textContent).join(''))) continue;
    const box = body.ownerDocument.createElement('div');
    box.className = 'parvis-signature';
    first.before(box);
    box.append(...nodes);
    return;
  }
}

/** The largest element that holds nothing but a text. */
function wholeLine(text: Text, body: Element): ChildNode {
  let line: ChildNode = text;
  while (line.parentElement && line.parentElement !== body && line.parentElement.textContent?.trim() === text.data.trim()) line = line.parentElement;
  return line;
}

/** Whether a line ends with a node: a break, a block, or nothing at all. */
function isBreak(node: Node | null): boolean {
  if (node instanceof Text && !node.data.trim()) return isBreak(node.previousSibling);
  return !node || (node instanceof Element && /^(br|p|div|ul|ol|table|hr|h\d|details|blockquote)$/i.test(node.tagName));
}

/** A node and those behind it, as far as a quote or an empty line. */
function signatureFrom(first: ChildNode): ChildNode[] {
  const nodes = [first];
  let broken = false;
  for (let node = first.nextSibling; node; node = node.nextSibling) {
    if (node instanceof Element && node.matches('blockquote, details')) break;
    const br = node instanceof Element && node.tagName === 'BR';
    if (br && broken) break;
    if (br || node.textContent?.trim()) broken = br;
    nodes.push(node);
  }
  return nodes;
}

function frame(body: Element, styles: string, { allowRemote, dark }: SafeOptions, designed: boolean): string {
  const images = allowRemote ? 'data: blob: https:' : 'data: blob:';
  const policy = `default-src 'none'; img-src ${images}; style-src 'unsafe-inline'; font-src 'self' data:; form-action 'none'; frame-src 'none'`;
  const night = dark && !designed;
  const ink = night ? '#e6eeee' : '#16211f';
  const faces = Object.entries(FONTS).map(([url, range]) => `@font-face{font-family:Inter;src:url('${new URL(url, location.origin).href}') format('woff2');font-weight:100 900;unicode-range:${range}}`).join('');
  const base = `${faces}
    :root{color-scheme:${night ? 'dark' : 'light'}}
    html{overflow:hidden auto;background:${night ? 'transparent' : designed && dark ? '#fff' : 'transparent'}}
    body{margin:0;padding:${designed && dark ? '16px' : '1px 0'};font:400 15px/1.62 Inter,system-ui,sans-serif;color:${ink};overflow-wrap:anywhere;overflow-x:auto}
    img{max-width:100%;height:auto}table{max-width:100%}pre{white-space:pre-wrap}
    a{color:${night ? '#7fd6cd' : '#00625f'}}p{margin:0 0 .7em}
    blockquote{margin:.6em 0;padding-inline-start:12px;border-inline-start:2px solid ${night ? '#39474a' : '#d5dede'}}
    .parvis-blocked{display:inline-block;box-sizing:border-box;max-width:100%;min-width:24px;min-height:24px;padding:2px 10px;border:1px dashed #9aa8a8;border-radius:6px;background:#8881;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;vertical-align:middle;font:400 13px/1.6 Inter,system-ui,sans-serif;color:${night ? '#97a6a6' : '#5b6a69'}}
    .parvis-signature,.parvis-signature :is(p,div,span){font-size:13px;color:${night ? '#97a6a6' : '#5b6a69'}}
    .parvis-quote>summary{display:inline-block;list-style:none;cursor:pointer;padding:0 9px;margin:6px 0;border-radius:99px;font:600 11px/20px system-ui;letter-spacing:1px;background:${night ? '#2b3639' : '#e8eeee'};color:${night ? '#b9c6c6' : '#42504f'}}
    .parvis-quote>summary::-webkit-details-marker{display:none}
    ::highlight(passage){background:${night ? '#6a5413' : '#f7e19a'};color:${night ? '#f6efdc' : '#16211f'}}
    ::highlight(long-passage){background:${night ? '#3c3623' : '#fbf3d3'}}
    @media print{.parvis-quote{display:none}}`;
  return `<!doctype html><html><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}"><meta name="referrer" content="no-referrer"><meta http-equiv="x-dns-prefetch-control" content="off"><style>${base}</style><style>${styles}</style></head>${body.outerHTML}</html>`;
}
