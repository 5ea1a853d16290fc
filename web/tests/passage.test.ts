// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { letters, locate } from '../src/mail/read/passage';

describe('passages', () => {
  const text = letters('Bonjour Hélène,\n> La délégation\n> arrive à 15 h 27.\nĐến rồi');

  it('are found whatever the lines, the accents and the signs of quotation', () => {
    const quote = 'La delegation arrive à\n15 h 27.';
    const [start, end] = locate(text, quote)!;
    expect(text.slice(start, end)).toBe(letters(quote));
    expect(locate(text, 'ĐẾN RỒI')).not.toBeNull();
  });
  it('are found by their longest line when the rest is not shown', () => {
    const [start, end] = locate(text, 'Pas ici\nLa délégation arrive\nni là')!;
    expect(text.slice(start, end)).toBe('ladelegationarrive');
  });
  it('are not found where they are not', () => {
    expect(locate(text, 'minibus')).toBeNull();
    expect(locate(text, '  ')).toBeNull();
  });
});
