/** The plain text of what is written, for the alternative without HTML: quotes with ">", lists with their signs. Pure. */
import type { JSONContent } from '@tiptap/core';

/** Lines of a node and what is in it. */
function lines(node: JSONContent): string[] {
  const inside = node.content ?? [];
  switch (node.type) {
    case 'blockquote':
      return inside.flatMap(lines).map((line) => (line.startsWith('>') ? `>${line}` : `> ${line}`.trimEnd()));
    case 'bulletList':
      return inside.flatMap((item) => listed(item, '- '));
    case 'orderedList': {
      const first = Number(node.attrs?.start ?? 1);
      return inside.flatMap((item, index) => listed(item, `${first + index}. `));
    }
    case 'horizontalRule':
      return ['---'];
    case 'doc':
    case 'listItem':
      return inside.flatMap(lines);
    default:
      return words(node).split('\n');
  }
}

function listed(item: JSONContent, sign: string): string[] {
  return lines(item).map((line, index) => (index ? ' '.repeat(sign.length) : sign) + line);
}

function words(node: JSONContent): string {
  if (node.type === 'hardBreak') return '\n';
  return node.text ?? (node.content ?? []).map(words).join('');
}

/** The text of a document; the line that begins a signature as RFC 3676 §4.3 has it. */
export function plainText(doc: JSONContent): string {
  return lines(doc).map((line) => (line === '--' ? '-- ' : line)).join('\n').trimEnd();
}
