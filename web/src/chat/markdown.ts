/** Markdown as people write it in a chat, to the HTML of Matrix (§m.room.message msgtypes): text in, safe HTML out. Pure. */
import { escapeHtml } from '../kernel/html';

const LINK = /\bhttps?:\/\/[^\s<>"]*[^\s<>"'.,;:!?)\]}»…]/g;

/** Text with its addresses as links; lines stay lines. */
export function plainHtml(text: string): string {
  let html = '';
  let from = 0;
  for (const { 0: url, index } of text.matchAll(LINK)) {
    html += escapeHtml(text.slice(from, index)) + link(url, escapeHtml(url));
    from = index + url.length;
  }
  return (html + escapeHtml(text.slice(from))).replaceAll('\n', '<br>');
}

function link(url: string, label: string): string {
  return `<a href="${escapeHtml(url)}">${label}</a>`;
}

const INLINE: [RegExp, (match: RegExpMatchArray) => string][] = [
  [/^`([^`\n]+)`/, ([, code]) => `<code>${escapeHtml(code!)}</code>`],
  [/^\[([^\]\n]+)\]\((https?:\/\/[^\s()]+(?:\([^\s()]*\))?[^\s()]*)\)/, ([, label, url]) => link(url!, inline(label!))],
  [/^https?:\/\/[^\s<>"]*[^\s<>"'.,;:!?)\]}»…*_~]/, ([url]) => link(url, escapeHtml(url))],
  [/^\*\*(?=\S)([^\n]*?\S)\*\*/, ([, text]) => `<strong>${inline(text!)}</strong>`],
  [/^~~(?=\S)([^\n]*?\S)~~/, ([, text]) => `<del>${inline(text!)}</del>`],
  [/^\*(?=[^\s*])([^\n*]*[^\s*])\*/, ([, text]) => `<em>${inline(text!)}</em>`],
  [/^_(?=[^\s_])([^\n_]*[^\s_])_(?![\p{L}\p{N}])/u, ([, text]) => `<em>${inline(text!)}</em>`],
];

/** One run of text. */
function inline(text: string): string {
  let html = '';
  let word = false;
  for (let rest = text; rest; ) {
    const found = INLINE.map(([pattern, made]) => {
      if (word && /^(_|http)/.test(rest)) return null; // inside a word they are no signs
      const match = pattern.exec(rest);
      return match ? { length: match[0].length, html: made(match) } : null;
    }).find((one) => one !== null);
    if (found) {
      html += found.html;
      rest = rest.slice(found.length);
      word = false;
      continue;
    }
    const char = String.fromCodePoint(rest.codePointAt(0)!);
    const kept = char === '\\' && /^\\[\\`*_~[\]#>-]/.test(rest);
    html += kept ? escapeHtml(rest[1]!) : char === '\n' ? '<br>' : escapeHtml(char);
    word = /[\p{L}\p{N}]/u.test(char);
    rest = rest.slice(kept ? 2 : char.length);
  }
  return html;
}

const BULLET = /^\s{0,3}[-*+] +(.*)/;
const NUMBER = /^\s{0,3}(\d{1,4})[.)] +(.*)/;
const QUOTE = /^> ?(.*)/;
const FENCE = /^```\s*([\w+#.-]*)\s*$/;
const HEAD = /^(#{1,4}) +(.*)/;

function blocks(lines: string[]): string {
  let html = '';
  for (let at = 0; at < lines.length; ) {
    const line = lines[at]!;
    const fence = FENCE.exec(line);
    const head = HEAD.exec(line);
    const taken = (pattern: RegExp) => {
      const from = at;
      while (at < lines.length && pattern.test(lines[at]!)) at++;
      return lines.slice(from, at);
    };
    if (fence) {
      const end = lines.findIndex((other, index) => index > at && /^```\s*$/.test(other));
      const code = lines.slice(at + 1, end < 0 ? undefined : end).join('\n');
      html += `<pre><code${fence[1] ? ` class="language-${escapeHtml(fence[1])}"` : ''}>${escapeHtml(code)}\n</code></pre>`;
      at = end < 0 ? lines.length : end + 1;
    } else if (head) {
      const level = head[1]!.length;
      html += `<h${level}>${inline(head[2]!)}</h${level}>`;
      at++;
    } else if (QUOTE.test(line)) {
      html += `<blockquote>${blocks(taken(QUOTE).map((one) => QUOTE.exec(one)![1]!))}</blockquote>`;
    } else if (BULLET.test(line)) {
      html += `<ul>${taken(BULLET).map((one) => `<li>${inline(BULLET.exec(one)![1]!)}</li>`).join('')}</ul>`;
    } else if (NUMBER.test(line)) {
      const first = Number(NUMBER.exec(line)![1]);
      html += `<ol${first === 1 ? '' : ` start="${first}"`}>${taken(NUMBER).map((one) => `<li>${inline(NUMBER.exec(one)![2]!)}</li>`).join('')}</ol>`;
    } else if (!line.trim()) at++;
    else {
      const from = at;
      while (at < lines.length && lines[at]!.trim() && (at === from || ![FENCE, QUOTE, BULLET, NUMBER, HEAD].some((pattern) => pattern.test(lines[at]!)))) at++;
      html += `<p>${inline(lines.slice(from, at).join('\n'))}</p>`;
    }
  }
  return html;
}

/** The HTML of what was written, and whether it says more than the text by itself. */
export function markdown(text: string): { html: string; rich: boolean } {
  const whole = blocks(text.replaceAll('\r\n', '\n').split('\n'));
  const html = /^<p>((?!<\/p>).)*<\/p>$/s.test(whole) ? whole.slice(3, -4) : whole;
  return { html, rich: html !== plainHtml(text) };
}

const EMOJI = /^(?:\p{Extended_Pictographic}|\p{Regional_Indicator}|\p{Emoji_Modifier}|[\u{200d}\u{fe0f}\u{20e3}]|\s){1,24}$/u;

/** Whether it is a few signs that are shown large. */
export function onlyEmoji(text: string): boolean {
  return EMOJI.test(text) && text.trim() !== '' && [...new Intl.Segmenter().segment(text.replace(/\s/g, ''))].length <= 6;
}
