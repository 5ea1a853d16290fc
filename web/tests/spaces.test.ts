import { describe, expect, it } from 'vitest';
import { inGroups, initials, inOrder, isLastManager, membersInOrder } from '../src/spaces/model';
import type { Space } from '../src/spaces/types';

const space = (name: string, more: Partial<Space> = {}): Space => ({
  id: name, name, purpose: '', hue: 0, address: null, members: {}, myRole: 'member', isArchived: false, created: '', deletes: null, ...more,
});

describe('spaces', () => {
  it('stand by name, accents aside, the archived and deleted ones last', () => {
    const all = [space('Zèbre'), space('Đội'), space('old', { isArchived: true }), space('Équipe'), space('gone', { deletes: '2026-01-01T00:00:00Z' }), space('atelier')];
    expect(inOrder(all, 'fr').map(({ name }) => name)).toEqual(['atelier', 'Đội', 'Équipe', 'Zèbre', 'old', 'gone']);
  });
  it('have managers first, and never lose the last one', () => {
    const members = { b: 'guest', a: 'member', c: 'manager' } as const;
    expect(membersInOrder({ members }).map(([id]) => id)).toEqual(['c', 'a', 'b']);
    expect(isLastManager({ members }, 'c')).toBe(true);
    expect(isLastManager({ members: { ...members, a: 'manager' } }, 'c')).toBe(false);
    expect(isLastManager({ members }, 'b')).toBe(false);
  });
  it('are known by two letters', () => {
    expect(initials('đội dữ liệu')).toBe('ĐD');
    expect(initials('« Visite » de la délégation')).toBe('VD');
    expect(initials('')).toBe('');
  });
  it('tell what is new in groups, in their order', () => {
    expect(inGroups([1, 3, 2, 5], (one) => (one % 2 ? 'odd' : 'even'))).toEqual([['odd', [1, 3]], ['even', [2]], ['odd', [5]]]);
  });
});
