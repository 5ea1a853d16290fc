/** From a passage to the few lines that a list shows. Pure. */

export interface Run {
  text: string;
  mark: boolean;
}

const LENGTH = 220;
const BEFORE = 60;

/** The part of a passage around its first marks, in runs that are marked or not; blank space is one space. */
export function excerpt(text: string, marks: [number, number][], length = LENGTH): Run[] {
  const first = best(marks, length);
  let start = Math.max(0, first - BEFORE);
  while (start > 0 && /\S/.test(text[start - 1]!)) start--;
  let end = Math.min(text.length, start + length);
  while (end < text.length && /\S/.test(text[end]!)) end++;
  const runs = cut(text, marks, start, end).map(({ text: part, mark }) => ({ text: part.replace(/(^|\s)>+(?=\s)/g, '$1').replace(/\s+/g, ' '), mark }));
  if (start > 0) runs.unshift({ text: '… ', mark: false });
  if (end < text.length) runs.push({ text: ' …', mark: false });
  return runs;
}

/** A text in runs that are marked or not. */
export function cut(text: string, marks: [number, number][], start = 0, end = text.length): Run[] {
  const runs: Run[] = [];
  let at = start;
  for (const [from, to] of marks) {
    if (from < at || to > end) continue;
    runs.push({ text: text.slice(at, from), mark: false }, { text: text.slice(from, to), mark: true });
    at = to;
  }
  runs.push({ text: text.slice(at, end), mark: false });
  return runs.filter((run) => run.text);
}

/** The mark from which most others are near. */
function best(marks: [number, number][], length: number): number {
  let found = marks[0]?.[0] ?? 0;
  let most = 0;
  for (const [from] of marks) {
    const near = marks.filter(([other]) => other >= from && other < from + length - BEFORE).length;
    if (near > most) [found, most] = [from, near];
  }
  return found;
}

/** The different words that are marked, longest first. */
export function markedWords(text: string, marks: [number, number][]): string[] {
  return [...new Set(marks.map(([from, to]) => text.slice(from, to)))].sort((a, b) => b.length - a.length);
}

/** Name and address of `Name <address>`. */
export function personOf(author: string): { name: string; email: string } {
  const [, name, email] = /^\s*(.*?)\s*<([^>]*)>\s*$/.exec(author) ?? [];
  return { name: name?.replace(/^"|"$/g, '') || email || author, email: email ?? author };
}
