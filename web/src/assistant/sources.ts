/** The sources of an answer: one a message, with the passages that are cited from it. Pure. */
import type { Citation } from './types';

export interface Source {
  key: string;
  /** By number. Passages of the message itself, and of its files. */
  passages: Citation[];
  /** The one file that all passages are from; empty when there are several, or none. */
  fileName: string;
}

/** In the order in which the answer cites them first. */
export function sourcesOf(citations: Citation[]): Source[] {
  const byObject = new Map<string, Citation[]>();
  for (const citation of citations) {
    const key = `${citation.accountId} ${citation.kind} ${citation.objectId}`;
    byObject.set(key, [...(byObject.get(key) ?? []), citation]);
  }
  return [...byObject]
    .map(([key, all]) => {
      const passages = all.toSorted((a, b) => a.number - b.number);
      const files = new Set(passages.map((passage) => passage.fileName));
      return { key, passages, fileName: files.size === 1 ? passages[0]!.fileName : '' };
    })
    .sort((a, b) => a.passages[0]!.number - b.passages[0]!.number);
}

/** A passage without the signs of quotation at the beginnings of its lines. */
export function unquoted(text: string): string {
  return text.replace(/^(?:>[ \t]?)+/gm, '');
}

/** The name in `Name <address>`, or the address. */
export function nameOf(author: string): string {
  return /^\s*"?(.*?)"?\s*<[^>]*>\s*$/.exec(author)?.[1] || author;
}
