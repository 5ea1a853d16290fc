/** Finds a passage in what is shown, marks it without changing the page (CSS Custom Highlight API), scrolls to it. */
import type { Highlight } from '../../kernel/features';

export const NAME = 'passage';
/** What is long is marked paler: half a page of bright colour cannot be read. */
const LONG_NAME = 'long-passage';
const LONG = 400;
/** Letters of a text without blank space, signs of quotation, accents and case, each with where it stands. */
interface Flat {
  letters: string;
  at: { node: Text; offset: number }[];
}
type HighlightWindow = Window & typeof globalThis;

/** Letters that count when passages are compared. */
export function letters(text: string): string {
  return [...text].map(letter).join('');
}

function letter(char: string): string {
  return /[\s>\u200b\u00ad]/.test(char) ? '' : char.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().replace('đ', 'd');
}

function flatten(root: Element): Flat {
  const flat: Flat = { letters: '', at: [] };
  const walker = root.ownerDocument.createTreeWalker(root, 4 /* SHOW_TEXT */);
  for (let node = walker.nextNode() as Text | null; node; node = walker.nextNode() as Text | null) {
    if (node.parentElement?.closest('summary, style')) continue;
    let offset = 0;
    for (const char of node.data) {
      for (const one of letter(char)) {
        flat.letters += one;
        flat.at.push({ node, offset });
      }
      offset += char.length;
    }
  }
  return flat;
}

/** From and to before, in letters: the quote as a whole, else its beginning, else its longest line. */
export function locate(text: string, quote: string): [number, number] | null {
  const whole = letters(quote);
  const lines = quote.split('\n').map(letters).sort((a, b) => b.length - a.length);
  for (const wanted of [whole, whole.slice(0, 60), lines[0] ?? '']) {
    const start = wanted ? text.indexOf(wanted) : -1;
    if (start >= 0) return [start, Math.min(text.length, start + (wanted === whole.slice(0, 60) ? whole.length : wanted.length))];
  }
  return null;
}

function rangeOf({ at }: Flat, start: number, end: number): Range {
  const [first, last] = [at[start]!, at[end - 1]!];
  const range = first.node.ownerDocument.createRange();
  range.setStart(first.node, first.offset);
  range.setEnd(last.node, last.offset + (last.node.data.codePointAt(last.offset)! > 0xffff ? 2 : 1));
  return range;
}

/** The ranges to mark: the words inside the passage when words are given, else the passage. */
function rangesOf(flat: Flat, { quote, words = [] }: Highlight): Range[] {
  const found = locate(flat.letters, quote);
  const [from, to] = found ?? [0, words.length ? flat.letters.length : 0];
  const ranges: Range[] = [];
  for (const word of words.map(letters).filter(Boolean)) {
    for (let start = flat.letters.indexOf(word, from); start >= 0 && start < to; start = flat.letters.indexOf(word, start + 1)) ranges.push(rangeOf(flat, start, start + word.length));
  }
  return ranges.length || !found ? ranges : [rangeOf(flat, from, to)];
}

/** Marks the passage inside `root`; `frame` is the frame that shows root's document, if one does. Returns the way back. */
export function markPassage(root: Element, highlight: Highlight, frame?: HTMLElement): () => void {
  const ranges = rangesOf(flatten(root), highlight);
  const view = root.ownerDocument.defaultView as HighlightWindow | null;
  if (!ranges.length || !view) return () => undefined;
  for (const range of ranges) {
    const folded = range.startContainer.parentElement?.closest('details');
    if (folded) folded.open = true;
  }
  const name = ranges.some((range) => range.toString().length > LONG) ? LONG_NAME : NAME;
  view.CSS.highlights?.set(name, new view.Highlight(...ranges));
  const timer = setTimeout(() => reveal(ranges[0]!, frame), 60);
  return () => {
    clearTimeout(timer);
    view.CSS.highlights?.delete(name);
  };
}

/** Scrolls the reading pane so that a range stands in its upper third. */
function reveal(range: Range, frame?: HTMLElement): void {
  const pane = (frame ?? range.startContainer.parentElement)?.closest('.scroll');
  if (!pane) return;
  const top = range.getBoundingClientRect().top + (frame?.getBoundingClientRect().top ?? 0) - pane.getBoundingClientRect().top;
  pane.scrollTo({ top: pane.scrollTop + top - pane.clientHeight / 3 });
}
