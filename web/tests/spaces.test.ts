import { describe, expect, it, vi } from 'vitest';
import { jmap } from '../src/kernel/jmap';
import { coming } from '../src/spaces/coming';
import { Feed } from '../src/spaces/feed.svelte';
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

it('what comes next is events and tasks in their order, without the room that a space has not', async () => {
  const request = vi.spyOn(jmap, 'request').mockImplementation(async (calls) => calls.map(([name, , id]) => {
    if (name.startsWith('CalendarEvent')) return ['error', { type: 'accountNotSupportedByMethod' }, id];
    return [name, name.endsWith('/get') ? { list: [{ id: 't2', title: 'Later', utcDue: '2026-12-09T10:00:00Z' }, { id: 't1', title: 'Soon', utcDue: '2026-12-08T10:00:00Z' }, { id: 't3', title: 'Never' }] } : { ids: ['t2', 't1', 't3'] }, id];
  }));
  expect(await coming('S', Date.parse('2026-12-08T09:00:00Z'))).toEqual([
    { type: 'Task', id: 't1', name: 'Soon', at: '2026-12-08T10:00:00Z' },
    { type: 'Task', id: 't2', name: 'Later', at: '2026-12-09T10:00:00Z' },
  ]);
  expect(request.mock.calls[0]![0].map(([name]) => name)).toEqual(['CalendarEvent/query', 'CalendarEvent/get', 'Task/query', 'Task/get']);
});

it('one time of an event that recurs is known by its event and its time', async () => {
  vi.spyOn(jmap, 'request').mockImplementation(async (calls) => calls.map(([name, , id]) => {
    if (name.startsWith('Task')) return ['error', { type: 'accountNotSupportedByMethod' }, id];
    return [name, name.endsWith('/get') ? { list: [{ id: 'e1x', baseEventId: 'e1', recurrenceId: '2026-12-08T11:00:00', title: 'Meeting', utcStart: '2026-12-08T10:00:00Z' }] } : { ids: ['e1x'] }, id];
  }));
  expect(await coming('S', Date.parse('2026-12-08T09:00:00Z'))).toEqual([{ type: 'CalendarEvent', id: 'e1', recurrenceId: '2026-12-08T11:00:00', name: 'Meeting', at: '2026-12-08T10:00:00Z' }]);
});

it('what is new is told with who did it, a folder as such, without what was thrown away', async () => {
  const told = [['f1', 'created'], ['f2', 'updated'], ['f3', 'updated'], ['d', 'created']].map(([objectId, change], n) => ({ id: `a${n}`, spaceId: 'S', type: 'FileNode', objectId, change, at: '2026-12-08T10:00:00Z' }));
  const files = ['f1', 'f2', 'f3'].map((id) => ({ id, name: `${id}.txt`, role: null, createdBy: 'ann', changedBy: 'bob', trashed: id === 'f3' ? { by: 'bob' } : null, nodeType: 'file' }));
  vi.spyOn(jmap, 'request').mockImplementation(async (calls) => calls.map(([name, , id]) => [name, name === 'SpaceActivity/get' ? { list: told } : name === 'FileNode/get' ? { list: [...files, { id: 'd', name: 'Plans', role: null, createdBy: 'ann', nodeType: 'directory' }] } : { ids: [], list: [] }, id]));
  const feed = new Feed('S');
  await feed.load();
  expect(feed.list.map(({ name, who, word }) => [name, who, word])).toEqual([['f1.txt', 'ann', 'FileNode'], ['f2.txt', 'bob', 'FileNode'], ['Plans', 'ann', 'Folder']]);
});
