/** The places of contacts and their addresses. Pure. */

export interface Place {
  kind: 'all' | 'book' | 'group' | 'duplicates';
  account: string;
  /** Of a book its id, of a group its card's. */
  id: string;
}

/** The parts of a place's address. The person's own account is not named. */
export function addressOf({ kind, account, id }: Place, home: string): string[] {
  if (kind === 'all') return ['contacts'];
  if (kind === 'duplicates') return ['contacts', 'duplicates'];
  return ['contacts', kind, account === home ? id : `${account}~${id}`];
}

/** The place of an address; all contacts when it names none. */
export function placeOf(parts: string[], home: string): Place {
  const [, kind, last = ''] = parts;
  if (kind === 'duplicates') return { kind, account: home, id: '' };
  if ((kind !== 'book' && kind !== 'group') || !last) return { kind: 'all', account: home, id: '' };
  const cut = last.indexOf('~');
  return { kind, account: cut < 0 ? home : last.slice(0, cut), id: last.slice(cut + 1) };
}
