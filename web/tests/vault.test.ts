import { describe, expect, it } from 'vitest';
import { daysLeft, senderOf } from '../src/mail/vault/types';

describe('what was deleted', () => {
  it('stays for some days, the last one counted', () => {
    const now = Date.parse('2026-11-28T12:00:00Z');
    expect(daysLeft({ endsAt: '2026-12-28T11:59:00Z' }, now)).toBe(30);
    expect(daysLeft({ endsAt: '2026-11-29T12:00:00Z' }, now)).toBe(1);
    expect(daysLeft({ endsAt: '2026-11-29T12:01:00Z' }, now)).toBe(2);
    expect(daysLeft({ endsAt: '2026-11-01T00:00:00Z' }, now)).toBe(0);
  });
  it('is from a name and an address, or from whichever there is', () => {
    expect(senderOf('Camille Roy <camille@a.example>')).toEqual({ name: 'Camille Roy', email: 'camille@a.example' });
    expect(senderOf('camille@a.example')).toEqual({ name: 'camille@a.example', email: 'camille@a.example' });
    expect(senderOf('')).toEqual({ name: '', email: '' });
  });
});
