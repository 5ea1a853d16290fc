import { describe, expect, it } from 'vitest';
import { JmapError } from '../src/kernel/jmap';
import { fieldOf, portOf, progressOf, serverOf } from '../src/settings/external';

const refusal = (type: string, properties?: string[]) => new JmapError(type, 'said by the server', properties ? { properties } : {});

describe('An account elsewhere', () => {
  it('has each refusal beside its field', () => {
    expect(fieldOf(refusal('signInFailed'))).toBe('password');
    expect(fieldOf(refusal('signInFailed', ['smtp']))).toBe('smtpPassword');
    expect(fieldOf(refusal('unreachable'))).toBe('imap');
    expect(fieldOf(refusal('unreachable', ['smtp']))).toBe('smtp');
    expect(fieldOf(refusal('invalidProperties', ['smtp/host']))).toBe('smtp');
    expect(fieldOf(refusal('invalidProperties', ['address']))).toBe('address');
    expect(fieldOf(refusal('serverFail'))).toBeNull();
    expect(fieldOf(new TypeError('no network'))).toBeNull();
  });
  it('begins with what was found, else with the usual', () => {
    expect(serverOf('imap', { host: 'imap.example.org', port: 143, security: 'starttls', username: 'ann' }, 'ann@example.org')).toEqual({ host: 'imap.example.org', port: 143, security: 'starttls', username: 'ann' });
    expect(serverOf('smtp', null, 'ann@example.org')).toEqual({ host: '', port: 465, security: 'tls', username: 'ann@example.org' });
    expect([portOf('imap', 'tls'), portOf('imap', 'none'), portOf('smtp', 'starttls')]).toEqual([993, 143, 587]);
  });
  it('tells how far the first synchronisation is, and nothing of later ones', () => {
    expect(progressOf({ state: 'syncing', done: 30, total: 120, syncedAt: null })).toBe(0.25);
    expect(progressOf({ state: 'syncing', done: 130, total: 120, syncedAt: null })).toBe(1);
    expect(progressOf({ state: 'new', done: 0, total: 0, syncedAt: null })).toBeNull();
    expect(progressOf({ state: 'syncing', done: 3, total: 120, syncedAt: '2026-11-28T21:00:00Z' })).toBeNull();
    expect(progressOf({ state: 'signInFailed', done: 3, total: 120, syncedAt: null })).toBeNull();
  });
});
