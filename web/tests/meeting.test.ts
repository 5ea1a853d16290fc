import { expect, it } from 'vitest';
import { read, type Answer } from '../src/calendar/meeting';

const people = [{ address: 'Ann@x.example', name: 'Ann', optional: false }, { address: 'bob@y.example', name: '', optional: true }, { address: 'new@z.example', name: '', optional: false }];
const answer: Answer = {
  people: [
    { who: 'mailto:bob@y.example', name: 'Bob', timeZone: 'Asia/Ho_Chi_Minh', source: 'freeBusy', busy: [{ utcStart: '2026-12-08T09:00:00Z', utcEnd: '2026-12-08T10:00:00Z', busyStatus: 'tentative' }], known: [{ utcStart: '2026-12-08T00:00:00Z', utcEnd: '2026-12-09T00:00:00Z' }] },
    { who: 'mailto:ann@x.example', name: 'Ann X', timeZone: 'Europe/Paris', source: 'here', busy: [], known: [] },
    { who: 'mailto:new@z.example', name: '', timeZone: null, source: null, busy: null, known: [] },
  ],
  list: [{ utcStart: '2026-12-08T09:00:00Z', utcEnd: '2026-12-08T09:30:00Z', busy: [], outside: ['mailto:bob@y.example'], tentative: ['mailto:bob@y.example'], unknown: ['mailto:new@z.example'] }],
};

it('people are told in the order they were asked for; of whom nothing is known that is said', () => {
  const found = read(answer, people);
  expect(found.people.map(({ name, zone, known }) => [name, zone, known?.length ?? null])).toEqual([['Ann', 'Europe/Paris', null], ['Bob', 'Asia/Ho_Chi_Minh', 1], ['new@z.example', null, null]]);
  expect(found.people.map(({ busy }) => busy)).toEqual([[], [{ from: Date.parse('2026-12-08T09:00:00Z'), to: Date.parse('2026-12-08T10:00:00Z'), open: true }], null]);
  expect(found.slots).toEqual([{ from: Date.parse('2026-12-08T09:00:00Z'), to: Date.parse('2026-12-08T09:30:00Z'), missing: [], late: ['Bob'], unsure: ['Bob'], unknown: ['new@z.example'] }]);
});
