/** Plain text for reading: quotes apart from what is new, and links found. Pure. */

export interface Run {
  text: string;
  /** Given, the run is a link. */
  href?: string;
}
export interface Block {
  kind: 'text' | 'quote' | 'signature';
  lines: Run[][];
}

/** Characters of a signature that is not announced by the exact line. */
const SIGNATURE_MOST = 500;
const LINK = /\b(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}]|[\w.+-]+@[\w-]+(?:\.[\w-]+)+)/gi;

/** Cuts a line into text and links. */
export function runs(line: string): Run[] {
  const found: Run[] = [];
  let at = 0;
  for (const match of line.matchAll(LINK)) {
    if (match.index > at) found.push({ text: line.slice(at, match.index) });
    found.push({ text: match[0], href: match[0].includes('://') ? match[0] : `mailto:${match[0]}` });
    at = match.index + match[0].length;
  }
  if (at < line.length || !found.length) found.push({ text: line.slice(at) });
  return found;
}

/** Whether a line may begin a signature: "-- " (RFC 3676 §4.3), or what programs and people make of it. */
export function beginsSignature(line: string): boolean {
  return /^(-{2,3}|—|_{2,})$/.test(line.trim());
}

/** Whether what follows such a line is a signature: the exact line is trusted, the others when little follows. */
export function isSignature(line: string, rest: string): boolean {
  return /(^|\n)-- \n?$/.test(line) || rest.trim().length <= SIGNATURE_MOST;
}

/** Cuts a text into what is new, what is quoted (with the line that introduces it), and the signature. */
export function blocks(text: string): Block[] {
  const lines = text.replaceAll('\r\n', '\n').replace(/\n+$/, '').split('\n');
  const result: Block[] = [];
  let signature = false;
  for (const [index, line] of lines.entries()) {
    signature ||= beginsSignature(line) && isSignature(line, lines.slice(index).filter((other) => !other.startsWith('>')).join('\n'));
    const next = lines.slice(index + 1).find((other) => other.trim());
    const intro = /(:|：)\s*$/.test(line) && !!next?.startsWith('>') && lines.slice(0, index).some((other) => other.trim());
    const kind = line.startsWith('>') || intro ? 'quote' : signature ? 'signature' : 'text';
    const last = result.at(-1);
    const blank = !line.trim() && last && last.kind === 'quote' && next?.startsWith('>');
    if (last && (last.kind === kind || blank)) last.lines.push(runs(line));
    else result.push({ kind, lines: [runs(line)] });
  }
  return result.filter((block) => block.lines.some((line) => line.some((run) => run.text.trim())));
}
