/** Addresses as people type and paste them. */
import type { Address } from '../types';

const SHAPE = /^[^\s@<>(),;:"]+@[^\s@<>(),;:"]+$/;

export function isAddress(text: string): boolean {
  return SHAPE.test(text.trim());
}

/** Reads `Lan <lan@example.org>, x@y.z; "Petit, Jean" <p@q.r>`; parts that are no address come back as they are. */
export function parseAddresses(text: string): Address[] {
  const found: Address[] = [];
  for (const match of text.matchAll(/\s*((?:"(?:[^"\\]|\\.)*"|[^,;"\n])+)(?:[,;\n]|$)/g)) {
    const part = match[1]!.trim();
    if (!part) continue;
    const named = /^(.*?)<\s*([^<>]+?)\s*>$/.exec(part);
    const name = named?.[1]?.trim().replace(/^"(.*)"$/, '$1').replace(/\\(.)/g, '$1') ?? '';
    found.push(named ? { name: name || null, email: named[2]! } : { name: null, email: part });
  }
  return found;
}

/** Takes out addresses that are there already, whatever their case. */
export function withoutRepeats(people: Address[], besides: Address[] = []): Address[] {
  const known = new Set(besides.map((person) => person.email.toLowerCase()));
  return people.filter((person) => !known.has(person.email.toLowerCase()) && known.add(person.email.toLowerCase()));
}
