/** What stands for a person: letters and a hue. */

/** One or two letters for a name or address. */
export function initials(name: string): string {
  const words = name.replace(/["'<>()]/g, ' ').split(name.includes('@') ? /@.*|[\s._-]+/ : /\s+/).filter((word) => /\p{L}|\p{N}/u.test(word));
  const letters = words.length > 1 ? [words[0]!, words.at(-1)!] : words;
  return letters.map((word) => [...word][0]!.toLocaleUpperCase()).join('') || '?';
}

/** The same hue for the same text, everywhere and always. */
export function hueOf(text: string): number {
  let hash = 0;
  for (const char of text.toLowerCase()) hash = (hash * 31 + char.codePointAt(0)!) >>> 0;
  return (hash % 24) * 15;
}
