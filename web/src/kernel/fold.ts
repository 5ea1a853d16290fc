/** Letters as they are compared. Pure. */

/** Lower case without accents, for matching what people type to what is written. */
export function folded(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').replaceAll('đ', 'd').replaceAll('Đ', 'D').toLowerCase();
}
